// The row operations, number by number along the columns of a tile, or over the columns of each row.
#pragma once

#include <tuple>

#include "functions.h"
#include "product.h"
#include "program.h"

namespace throughtime {
namespace ISA {

template <class T>
struct Tile {
    Rows<T> to;
    Rows<const T> operands[3];
    int rows;
    std::int64_t width;
};

// What an operand gives to the columns from j: its own numbers there, or one number for them all.
template <class T, bool SPLAT>
struct Source {
    const T* from;
    Vector<T> same;
    explicit Source(const T* row) : from(row) {
        if constexpr (SPLAT) same = splat<T>(*row);
    }
    Vector<T> at(std::int64_t j) const {
        if constexpr (SPLAT)
            return same;
        else
            return load(from + j);
    }
    Vector<T> part(std::int64_t j, int count) const {
        if constexpr (SPLAT)
            return same;
        else
            return load_part(from + j, count);
    }
};

template <class T, class F, bool... SPLAT, std::size_t... K>
void by_columns(const Tile<T>& tile, std::index_sequence<K...>) {
    constexpr int L = LANES<T>;
    const std::int64_t whole = tile.width / L * L;
    const int rest = int(tile.width - whole);
    for (int r = 0; r < tile.rows; ++r) {
        T* to = tile.to.row(r);
        const std::tuple<Source<T, SPLAT>...> sources{Source<T, SPLAT>(tile.operands[K].row(r))...};
        for (std::int64_t j = 0; j < whole; j += L)
            store<T>(to + j, F::template of<T>(std::get<K>(sources).at(j)...));
        if (rest)
            store_part(to + whole, F::template of<T>(std::get<K>(sources).part(whole, rest)...), rest);
    }
}

template <class T, class F, bool... SPLAT>
void elementwise(const Tile<T>& tile) {
    by_columns<T, F, SPLAT...>(tile, std::make_index_sequence<sizeof...(SPLAT)>());
}

template <class T>
using Run = void (*)(const Tile<T>&);

template <class T, class F>
Run<T> unary(int splat) {
    return splat & 1 ? &elementwise<T, F, true> : &elementwise<T, F, false>;
}

template <class T, class F>
Run<T> binary(int splat) {
    constexpr Run<T> all[] = {&elementwise<T, F, false, false>, &elementwise<T, F, true, false>,
                              &elementwise<T, F, false, true>, &elementwise<T, F, true, true>};
    return all[splat & 3];
}

template <class T, class F>
Run<T> ternary(int splat) {
    constexpr Run<T> all[] = {
        &elementwise<T, F, false, false, false>, &elementwise<T, F, true, false, false>,
        &elementwise<T, F, false, true, false>,  &elementwise<T, F, true, true, false>,
        &elementwise<T, F, false, false, true>,  &elementwise<T, F, true, false, true>,
        &elementwise<T, F, false, true, true>,   &elementwise<T, F, true, true, true>};
    return all[splat & 7];
}

#define ROW_OPERATION(NAME, OPERANDS, ...)       \
    struct NAME {                                \
        template <class T, class V = Vector<T>>  \
        static V of OPERANDS { __VA_ARGS__ }     \
    };

ROW_OPERATION(Copy, (V a), return a;)
ROW_OPERATION(Add, (V a, V b), return a + b;)
ROW_OPERATION(Sub, (V a, V b), return a - b;)
ROW_OPERATION(Mul, (V a, V b), return a * b;)
ROW_OPERATION(Div, (V a, V b), return a / b;)
ROW_OPERATION(Neg, (V a), return -a;)
ROW_OPERATION(Abs, (V a), return from_bits<T>(bits<T>(a) & ~bits<T>(splat<T>(T(-0.0))));)
ROW_OPERATION(Sign, (V a), return a > T(0) ? splat<T>(1) : a < T(0) ? splat<T>(-1) : a * T(0);)
ROW_OPERATION(Maximum, (V a, V b), return ((a > b) | (a != a)) ? a : b;)
ROW_OPERATION(Minimum, (V a, V b), return ((a < b) | (a != a)) ? a : b;)
ROW_OPERATION(Relu, (V a), return a < T(0) ? V{} : a;)
ROW_OPERATION(Sigmoid, (V a), return sigmoid<T>(a);)
ROW_OPERATION(Tanh, (V a), return tanh<T>(a);)
ROW_OPERATION(Exp, (V a), return exp<T>(a);)
ROW_OPERATION(Log, (V a), return log<T>(a);)
ROW_OPERATION(Log1p, (V a), return log1p<T>(a);)
ROW_OPERATION(Expm1, (V a), return expm1<T>(a);)
ROW_OPERATION(Erf, (V a), return erf<T>(a);)
ROW_OPERATION(Sin, (V a), return sin<T>(a);)
ROW_OPERATION(Cos, (V a), return cos<T>(a);)
ROW_OPERATION(Power, (V a, V b), return power<T>(a, b);)
ROW_OPERATION(Sqrt, (V a), return sqrt<T>(a);)
ROW_OPERATION(Greater, (V a, V b), return a > b ? splat<T>(1) : V{};)
ROW_OPERATION(Equal, (V a, V b), return a == b ? splat<T>(1) : V{};)
ROW_OPERATION(Select, (V mask, V a, V b), return mask != T(0) ? a : b;)
ROW_OPERATION(MultiplyAdd, (V a, V b, V c), return a * b + c;)
ROW_OPERATION(SubtractProduct, (V a, V b, V c), return c - a * b;)

#undef ROW_OPERATION

// Over the columns of each row: lanes first, then across lanes, always in the same order.
template <class T, class F>
void reduce(const Tile<T>& tile, T start) {
    constexpr int L = LANES<T>;
    for (int r = 0; r < tile.rows; ++r) {
        const T* from = tile.operands[0].row(r);
        Vector<T> lanes = splat<T>(start);
        std::int64_t j = 0;
        for (; j + L <= tile.width; j += L) lanes = F::template of<T>(load(from + j), lanes);
        Vector<T> last = splat<T>(start);
        for (int k = 0; j < tile.width; ++j, ++k) last[k] = from[j];
        lanes = F::template of<T>(last, lanes);
        for (int half = L / 2; half; half /= 2) {
            Vector<T> upper = splat<T>(start);
            for (int k = 0; k < half; ++k) upper[k] = lanes[k + half];
            lanes = F::template of<T>(upper, lanes);
        }
        *tile.to.row(r) = lanes[0];
    }
}

template <class T>
void sum(const Tile<T>& tile) {
    reduce<T, Add>(tile, T(0));
}

template <class T>
void largest(const Tile<T>& tile) {
    reduce<T, Maximum>(tile, -std::numeric_limits<T>::infinity());
}

// The sums of the first columns of each row: running sums. The operand may be one number a row.
template <class T, bool SPLAT>
void cumsum(const Tile<T>& tile) {
    for (int r = 0; r < tile.rows; ++r) {
        const T* from = tile.operands[0].row(r);
        T* to = tile.to.row(r);
        T sum = 0;
        for (std::int64_t j = 0; j < tile.width; ++j) to[j] = sum += from[SPLAT ? 0 : j];
    }
}

// The columns of each row in reverse order.
template <class T>
void reverse(const Tile<T>& tile) {
    for (int r = 0; r < tile.rows; ++r) {
        const T* from = tile.operands[0].row(r);
        T* to = tile.to.row(r);
        for (std::int64_t j = 0; j < tile.width; ++j) to[j] = from[tile.width - 1 - j];
    }
}

// Runs an operation; for which operands are one number a row, see Instruction::splat.
template <class T>
Run<T> row_operation(Operation operation, int splat) {
    switch (operation) {
        case Operation::copy: return unary<T, Copy>(splat);
        case Operation::add: return binary<T, Add>(splat);
        case Operation::sub: return binary<T, Sub>(splat);
        case Operation::mul: return binary<T, Mul>(splat);
        case Operation::div: return binary<T, Div>(splat);
        case Operation::neg: return unary<T, Neg>(splat);
        case Operation::abs: return unary<T, Abs>(splat);
        case Operation::sign: return unary<T, Sign>(splat);
        case Operation::maximum: return binary<T, Maximum>(splat);
        case Operation::minimum: return binary<T, Minimum>(splat);
        case Operation::relu: return unary<T, Relu>(splat);
        case Operation::sigmoid: return unary<T, Sigmoid>(splat);
        case Operation::tanh: return unary<T, Tanh>(splat);
        case Operation::exp: return unary<T, Exp>(splat);
        case Operation::log: return unary<T, Log>(splat);
        case Operation::log1p: return unary<T, Log1p>(splat);
        case Operation::expm1: return unary<T, Expm1>(splat);
        case Operation::erf: return unary<T, Erf>(splat);
        case Operation::sin: return unary<T, Sin>(splat);
        case Operation::cos: return unary<T, Cos>(splat);
        case Operation::power: return binary<T, Power>(splat);
        case Operation::sqrt: return unary<T, Sqrt>(splat);
        case Operation::greater: return binary<T, Greater>(splat);
        case Operation::equal: return binary<T, Equal>(splat);
        case Operation::select: return ternary<T, Select>(splat);
        case Operation::multiply_add: return ternary<T, MultiplyAdd>(splat);
        case Operation::subtract_product: return ternary<T, SubtractProduct>(splat);
        case Operation::sum: return &sum<T>;
        case Operation::largest: return &largest<T>;
        case Operation::cumsum: return splat & 1 ? &cumsum<T, true> : &cumsum<T, false>;
        case Operation::reverse: return &reverse<T>;
        case Operation::product: break;  // no row operation: see product.h
    }
    return nullptr;
}

}  // namespace ISA
}  // namespace throughtime
