// Rows times a packed matrix, by blocks of rows and columns whose sums stay in registers.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "vector.h"

namespace throughtime {
namespace ISA {

// A panel is a block of columns of the matrix, two vectors wide, stored row by row.
constexpr int PANEL_VECTORS = 2;
template <class T>
constexpr int PANEL = PANEL_VECTORS * LANES<T>;

// Rows of one block: their sums, two vectors each, leave registers for a row of the panel.
#if defined(__AVX512F__)
constexpr int BLOCK_ROWS = 12;
#else
constexpr int BLOCK_ROWS = 6;
#endif
// Blocks of few rows take several panels at once: each sum must wait for the one before it.
constexpr int panels_at_once(int rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }

inline std::int64_t panel_count(std::int64_t columns, int panel) { return (columns + panel - 1) / panel; }

// Numbers of a matrix at any strides.
template <class T>
struct Strided {
    const T* first;
    std::int64_t row_stride, column_stride;
    const T* at(std::int64_t r, std::int64_t c) const { return first + r * row_stride + c * column_stride; }
};

// Rows from `begin` to before `end` of one panel, the columns of `from`.
template <class T>
void pack_rows(Strided<T> from, std::int64_t begin, std::int64_t end, int valid, T* panel) {
    constexpr int width = PANEL<T>, L = LANES<T>;
    std::int64_t r = begin;
    if (valid == width && from.column_stride == 1)
        for (; r < end; ++r)
            for (int c = 0; c < width; c += L) store(panel + r * width + c, load(from.at(r, c)));
    if (valid == width && from.row_stride == 1)
        for (; r + L <= end; r += L)
            for (int c = 0; c < width; c += L)
                transpose(from.at(r, c), from.column_stride, panel + r * width + c, width);
    for (; r < end; ++r)
        for (int c = 0; c < width; ++c) panel[r * width + c] = c < valid ? *from.at(r, c) : T(0);
}

// Packs the panels from `first` to before `last` of a matrix (rows, columns) with any strides.
template <class T>
void pack(Strided<T> from, std::int64_t rows, std::int64_t columns, std::int64_t first, std::int64_t last,
          T* packed) {
    constexpr int width = PANEL<T>;
    // A contiguous row is used for many panels while it is cached.
    const std::int64_t at_once = from.column_stride == 1 ? 32 : rows;
    for (std::int64_t r = 0; r < rows; r += at_once)
        for (std::int64_t p = first; p < last; ++p) {
            const int valid = int(std::min<std::int64_t>(width, columns - p * width));
            const Strided<T> corner = {from.at(0, p * width), from.row_stride, from.column_stride};
            pack_rows(corner, r, std::min(rows, r + at_once), valid, packed + p * rows * width);
        }
}

template <class T>
struct Rows {
    T* first;
    std::int64_t stride;
    T* row(std::int64_t r) const { return first + r * stride; }
};

// to = v times matrix + addends, if any: their own for each row, or with stride 0 the same for all.
template <class T>
struct Product {
    Rows<const T> v;  // or, where v is turned, its columns
    Rows<T> to;
    Rows<const T> addends[2];
    const T* packed;
    std::int64_t depth, columns;
};

// The end of a block that reaches over the last column: its sums, `width` numbers a row, count up to `valid`.
template <class T>
void part(const Product<T>& product, const T* sums, int rows, int width, std::int64_t first_row,
          std::int64_t column, std::int64_t valid) {
    for (int r = 0; r < rows; ++r)
        for (std::int64_t j = 0; j < valid; ++j) {
            T sum = sums[r * width + j];
            for (const auto& addend : product.addends)
                if (addend.first) sum += addend.row(first_row + r)[column + j];
            product.to.row(first_row + r)[column + j] = sum;
        }
}

template <class T, int ROWS, int PANELS, bool TURNED>
void block(const Product<T>& product, std::int64_t first_row, std::int64_t panel) {
    constexpr int V = PANEL_VECTORS * PANELS, L = LANES<T>;
    const std::int64_t depth = product.depth, stride = product.v.stride, apart = depth * PANEL<T>;
    const T* v = TURNED ? product.v.first + first_row : product.v.row(first_row);
    const T* weights = product.packed + panel * apart;
    Vector<T> sums[ROWS][V] = {};
    for (std::int64_t k = 0; k < depth; ++k) {
        Vector<T> w[V];
        for (int j = 0; j < V; ++j)
            w[j] = load(weights + (j / PANEL_VECTORS) * apart + k * PANEL<T> + (j % PANEL_VECTORS) * L);
        for (int r = 0; r < ROWS; ++r)
            for (int j = 0; j < V; ++j) sums[r][j] += v[TURNED ? k * stride + r : r * stride + k] * w[j];
    }
    const std::int64_t column = panel * PANEL<T>, valid = product.columns - column;
    // Unrolled, or the sums would be stored in memory.
    if (valid < V * L) {
        T all[ROWS * V * L];
#pragma GCC unroll 24
        for (int k = 0; k < ROWS * V; ++k) store(all + k * L, sums[k / V][k % V]);
        return part<T>(product, all, ROWS, V * L, first_row, column, valid);
    }
    for (const auto& addend : product.addends)
        if (addend.first)
#pragma GCC unroll 24
            for (int k = 0; k < ROWS * V; ++k)
                sums[k / V][k % V] += load(addend.row(first_row + k / V) + column + k % V * L);
#pragma GCC unroll 24
    for (int k = 0; k < ROWS * V; ++k)
        store(product.to.row(first_row + k / V) + column + k % V * L, sums[k / V][k % V]);
}

template <class T>
using Block = void (*)(const Product<T>&, std::int64_t, std::int64_t);

template <class T, bool TURNED, int... R>
constexpr std::array<Block<T>, sizeof...(R)> blocks_of(std::integer_sequence<int, R...>) {
    return {&block<T, R + 1, 1, TURNED>...};
}

// The part of the product in the panels from `first` to before `last`, for all rows.
template <class T, bool TURNED = false>
void multiply(const Product<T>& product, std::int64_t rows, std::int64_t first, std::int64_t last) {
    static constexpr auto one = blocks_of<T, TURNED>(std::make_integer_sequence<int, BLOCK_ROWS>());
    static constexpr std::array<Block<T>, 3> several = {&block<T, 1, panels_at_once(1), TURNED>,
                                                        &block<T, 2, panels_at_once(2), TURNED>,
                                                        &block<T, 3, panels_at_once(3), TURNED>};
    if (rows <= 0) return;
    const std::int64_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (std::int64_t panel = first; panel < last;) {
        const int most = rows <= 3 ? panels_at_once(int(rows)) : 1;
        const int wide = last - panel >= most ? most : 1;
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t begin = b * rows / blocks, end = (b + 1) * rows / blocks;
            const auto run = wide > 1 ? several[end - begin - 1] : one[end - begin - 1];
            run(product, begin, panel);
        }
        panel += wide;
    }
}

}  // namespace ISA
}  // namespace throughtime
