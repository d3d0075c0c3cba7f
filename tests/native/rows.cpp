// rowops.h, each operation against its definition on one number.
#include "rowops.h"

#include "check.h"

namespace throughtime {
namespace ISA {
namespace {

using Exact = long double;

struct Case {
    const char* name;
    Operation operation;
    int operands;
    double bound;  // units of roundoff of what comes out; where there are three operands, of what goes in
    Exact (*right)(Exact a, Exact b, Exact c);
};

#define CASE(NAME, OPERANDS, BOUND, ...)                                                            \
    {                                                                                               \
        #NAME, Operation::NAME, OPERANDS, BOUND,                                                    \
            []([[maybe_unused]] Exact a, [[maybe_unused]] Exact b, [[maybe_unused]] Exact c) -> Exact { \
                return __VA_ARGS__;                                                                 \
            }                                                                                       \
    }

const Case CASES[] = {
    CASE(copy, 1, 0, a),
    CASE(add, 2, 1, a + b),
    CASE(sub, 2, 1, a - b),
    CASE(mul, 2, 1, a * b),
    CASE(div, 2, 1, a / b),
    CASE(neg, 1, 0, -a),
    CASE(abs, 1, 0, std::fabs(a)),
    CASE(sign, 1, 0, std::isnan(a) ? a : Exact((a > 0) - (a < 0))),
    CASE(maximum, 2, 0, std::isnan(a) ? a : std::isnan(b) ? b : std::max(a, b)),
    CASE(minimum, 2, 0, std::isnan(a) ? a : std::isnan(b) ? b : std::min(a, b)),
    CASE(relu, 1, 0, a < 0 ? 0 : a),
    CASE(sigmoid, 1, 3, 1 / (1 + std::exp(-a))),
    CASE(tanh, 1, 4, std::tanh(a)),
    CASE(exp, 1, 2, std::exp(a)),
    CASE(log, 1, 3, std::log(a)),
    CASE(log1p, 1, 5, std::log1p(a)),
    CASE(expm1, 1, 4, std::expm1(a)),
    CASE(erf, 1, 4, std::erf(a)),
    CASE(sin, 1, 4, std::sin(a)),
    CASE(cos, 1, 4, std::cos(a)),
    CASE(power, 2, 24, std::pow(a, b)),
    CASE(sqrt, 1, 1, std::sqrt(a)),
    CASE(greater, 2, 0, a > b),
    CASE(equal, 2, 0, a == b),
    CASE(select, 3, 0, a != 0 ? b : c),
    CASE(multiply_add, 3, 2, a * b + c),
    CASE(subtract_product, 3, 2, c - a * b),
};

constexpr int MOST_WIDTH = 40, ROWS = 3;

// Numbers about 0, with special ones among them.
template <class T>
std::vector<T> operand(Numbers& numbers, std::int64_t count) {
    constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    constexpr T special[] = {T(0), T(-0.0), infinity, -infinity, nan, T(1), T(1)};
    auto all = numbers.several<T>(count, -3, 3);
    for (T& one : all)
        if (const auto k = numbers.bits() % 32; k < 7) one = special[k];
    return all;
}

template <class T>
void check_result(const Case& one, const Tile<T>& before, int splat, T got, int r, int j) {
    Exact x[3] = {};
    for (int k = 0; k < one.operands; ++k) x[k] = before.operands[k].row(r)[splat >> k & 1 ? 0 : j];
    const Exact right = one.right(x[0], x[1], x[2]);
    const bool sum = one.operation == Operation::multiply_add || one.operation == Operation::subtract_product;
    const Exact off = units(got, right, sum ? std::fabs(x[0] * x[1]) + std::fabs(x[2]) : right);
    CHECK(off <= one.bound, "%s %s(%g, %g, %g) = %.9g, right %.9g; splat %d, width %d, column %d", TYPE<T>,
          one.name, double(x[0]), double(x[1]), double(x[2]), double(got), double(right), splat, int(before.width), j);
}

// Rows that end where memory ends, or with one number each where they are splat.
template <class T>
void check_elementwise(const Case& one, int splat, int width) {
    Numbers numbers(width * 8 + splat);
    const int stride = width + 2, begin = 1;
    std::vector<T> result(begin + ROWS * stride, T(GUARD));
    std::vector<T> memory[3];
    Tile<T> tile = {{result.data() + begin, stride}, {}, ROWS, width};
    for (int k = 0; k < one.operands; ++k) {
        const int row = splat >> k & 1 ? 1 : width, apart = row + k;
        memory[k] = operand<T>(numbers, (ROWS - 1) * apart + row);
        tile.operands[k] = {memory[k].data(), apart};
    }
    row_operation<T>(one.operation, splat)(tile);
    for (int at = 0; at < int(result.size()); ++at) {
        const int r = (at - begin) / stride, j = (at - begin) % stride;
        if (at >= begin && j < width)
            check_result(one, tile, splat, result[at], r, j);
        else
            CHECK(result[at] == T(GUARD), "%s %s width %d: written past row %d", TYPE<T>, one.name, width, r);
    }
    if (splat & 1) return;
    auto over = memory[0];  // the result may lie where the first operand did
    Tile<T> in_place = tile;
    in_place.to = {over.data(), tile.operands[0].stride};
    in_place.operands[0] = {over.data(), tile.operands[0].stride};
    row_operation<T>(one.operation, splat)(in_place);
    for (int r = 0; r < ROWS; ++r)
        for (int j = 0; j < width; ++j) check_result(one, tile, splat, in_place.to.row(r)[j], r, j);
}

template <class T>
void check_reductions(int width, bool special) {
    Numbers numbers(width);
    const int apart = width + 1, stride = 2;
    const std::int64_t count = (ROWS - 1) * apart + width;
    const auto from = special ? operand<T>(numbers, count) : numbers.several<T>(count, -3, 3);
    for (const Operation operation : {Operation::sum, Operation::largest}) {
        std::vector<T> result(ROWS * stride, T(GUARD));
        const Tile<T> tile = {{result.data(), stride}, {{from.data(), apart}, {}, {}}, ROWS, width};
        row_operation<T>(operation, 0)(tile);
        for (int r = 0; r < ROWS; ++r) {
            const T* row = from.data() + r * apart;
            Exact sum = 0, size = 0, largest = row[0];
            for (int j = 0; j < width; ++j) {
                sum += row[j];
                size += std::fabs(Exact(row[j]));
                largest = std::isnan(largest) || largest > row[j] ? largest : row[j];
            }
            const bool adds = operation == Operation::sum;
            const Exact off = units(result[r * stride], adds ? sum : largest, size);
            CHECK(off <= (adds ? width : 0), "%s %s of %d numbers is %.2f units off", TYPE<T>,
                  adds ? "sum" : "largest", width, double(off));
            CHECK(result[r * stride + 1] == T(GUARD), "%s reduction: written past row %d", TYPE<T>, r);
        }
    }
}

template <class T>
void check() {
    for (int width = 1; width <= MOST_WIDTH; ++width) {
        for (const Case& one : CASES)
            for (int splat = 0; splat < 1 << one.operands; ++splat) check_elementwise<T>(one, splat, width);
        check_reductions<T>(width, false);
        check_reductions<T>(width, true);
    }
}

}  // namespace

void check_rows() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
