// product.h against three loops.
#include "product.h"

#include "check.h"

namespace throughtime {
namespace ISA {
namespace {

constexpr int SIZES[] = {1, 15, 16, 17, 31, 32, 33, 64, 65};  // about the width of a panel
constexpr int MOST_ROWS = 30;

// A matrix in memory with any strides, its first number `corner`; nothing lies past its last one.
template <class T>
struct Layout {
    std::vector<T> numbers;
    const T* corner;
    std::int64_t row_stride, column_stride;

    Layout(const std::vector<T>& matrix, int rows, int columns, std::int64_t row_stride,
            std::int64_t column_stride)
        : row_stride(row_stride), column_stride(column_stride) {
        const std::int64_t down = (rows - 1) * row_stride, along = (columns - 1) * column_stride;
        numbers.assign(std::abs(down) + std::abs(along) + 1, T(GUARD));
        T* first = numbers.data() - std::min<std::int64_t>(down, 0) - std::min<std::int64_t>(along, 0);
        for (int k = 0; k < rows; ++k)
            for (int j = 0; j < columns; ++j)
                first[k * row_stride + j * column_stride] = matrix[k * columns + j];
        corner = first;
    }
};

// Panels from `first` to before `last` are as the matrix has them, 0 past its columns; others stay.
template <class T>
void check_pack(const std::vector<T>& matrix, const Layout<T>& from, int rows, int columns,
                std::int64_t first, std::int64_t last) {
    constexpr int width = PANEL<T>;
    const std::int64_t panels = panel_count(columns, width);
    std::vector<T> packed(panels * rows * width, T(GUARD));
    pack<T>({from.corner, from.row_stride, from.column_stride}, rows, columns, first, last, packed.data());
    for (std::int64_t p = 0; p < panels; ++p)
        for (int k = 0; k < rows; ++k)
            for (int c = 0; c < width; ++c) {
                const std::int64_t j = p * width + c;
                const T inside = j < columns ? matrix[k * columns + j] : T(0);
                const T right = p >= first && p < last ? inside : T(GUARD);
                CHECK(packed[(p * rows + k) * width + c] == right, "%s (%d, %d), strides %d %d, row %d column %d",
                      TYPE<T>, rows, columns, int(from.row_stride), int(from.column_stride), k, int(j));
            }
}

// A product of rows, worked out: its numbers, and the sums of the sizes of what was added up.
struct Worked {
    std::vector<long double> right, size;

    template <class T>
    void add(int at, T x, T y) {
        right[at] += (long double)(x)*y;
        size[at] += std::fabs((long double)(x)*y);
    }
};

template <class T>
Worked worked(const Product<T>& product, const std::vector<T>& matrix) {
    const int columns = int(product.columns), depth = int(product.depth);
    Worked sums{std::vector<long double>(MOST_ROWS * columns), std::vector<long double>(MOST_ROWS * columns)};
    for (int r = 0; r < MOST_ROWS; ++r)
        for (int j = 0; j < columns; ++j) {
            for (int k = 0; k < depth; ++k)
                sums.add(r * columns + j, product.v.row(r)[k], matrix[k * columns + j]);
            for (const auto& addend : product.addends)
                if (addend.first) sums.add(r * columns + j, T(1), addend.row(r)[j]);
        }
    return sums;
}

// Any order of adding n numbers up is within n units of roundoff of the sum of their sizes.
template <class T>
void check_multiply(Product<T> product, const Worked& sums, int rows, std::int64_t first,
                    std::int64_t last) {
    const int columns = int(product.columns), stride = columns + 3, margin = 40;
    std::vector<T> result(margin + rows * stride + margin, T(GUARD));
    product.to = {result.data() + margin, stride};
    multiply(product, rows, first, last);
    for (int at = 0; at < int(result.size()); ++at) {
        const int r = at < margin ? -1 : (at - margin) / stride, j = at < margin ? 0 : (at - margin) % stride;
        const bool inside = r >= 0 && r < rows && j < columns && j >= first * PANEL<T> && j < last * PANEL<T>;
        if (!inside) {
            CHECK(result[at] == T(GUARD), "%s %d rows, (%d, %d): written past row %d, at %d", TYPE<T>, rows,
                  int(product.depth), columns, r, j);
            continue;
        }
        const long double off = units(result[at], sums.right[r * columns + j], sums.size[r * columns + j]);
        CHECK(off <= product.depth + 3, "%s %d rows, (%d, %d): row %d, column %d is %.2f units off", TYPE<T>, rows,
              int(product.depth), columns, r, j, double(off));
    }
}

template <class T>
void check(int depth, int columns) {
    Numbers numbers(depth * 100 + columns);
    const auto matrix = numbers.several<T>(depth * columns, -1, 1);
    const std::int64_t panels = panel_count(columns, PANEL<T>), third = panels / 3;
    const Layout<T> layouts[] = {{matrix, depth, columns, columns, 1},
                                  {matrix, depth, columns, columns + 3, 1},
                                  {matrix, depth, columns, 1, depth},
                                  {matrix, depth, columns, 1, depth + 2},
                                  {matrix, depth, columns, 2 * columns + 1, 2},
                                  {matrix, depth, columns, -columns, 1}};
    for (const auto& from : layouts) {
        check_pack(matrix, from, depth, columns, 0, panels);
        check_pack(matrix, from, depth, columns, third, panels - third);
    }

    std::vector<T> packed(panels * depth * PANEL<T>);
    pack<T>({layouts[0].corner, columns, 1}, depth, columns, 0, panels, packed.data());
    const int v_stride = depth + 3, addend_stride = columns + 5;
    const auto v = numbers.several<T>((MOST_ROWS - 1) * v_stride + depth, -1, 1);
    const auto own = numbers.several<T>((MOST_ROWS - 1) * addend_stride + columns, -1, 1);
    const auto same = numbers.several<T>(columns, -1, 1);
    const Rows<const T> none = {nullptr, 0}, each = {own.data(), addend_stride}, all = {same.data(), 0};
    const Rows<const T> addends[][2] = {{none, none}, {each, none}, {none, all}, {each, all}};
    for (const auto& [one, other] : addends) {
        const Product<T> product = {{v.data(), v_stride}, {}, {one, other}, packed.data(), depth, columns};
        const Worked sums = worked(product, matrix);
        for (int rows = 1; rows <= MOST_ROWS; ++rows) check_multiply(product, sums, rows, 0, panels);
        check_multiply(product, sums, MOST_ROWS, third, panels - third);
        check_multiply(product, sums, 0, 0, panels);
    }
}

}  // namespace

void check_product() {
    for (int depth : SIZES)
        for (int columns : SIZES) {
            check<float>(depth, columns);
            check<double>(depth, columns);
        }
}

}  // namespace ISA
}  // namespace throughtime
