// One vector of numbers, as wide as the instruction set has it, by the vector extensions of GCC and Clang.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace throughtime {
namespace ISA {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
#else
constexpr int VECTOR_BYTES = 16;
#endif

template <class T>
constexpr int LANES = VECTOR_BYTES / int(sizeof(T));

typedef float FloatVector __attribute__((vector_size(VECTOR_BYTES)));
typedef double DoubleVector __attribute__((vector_size(VECTOR_BYTES)));
typedef std::int32_t Int32Vector __attribute__((vector_size(VECTOR_BYTES)));
typedef std::int64_t Int64Vector __attribute__((vector_size(VECTOR_BYTES)));

template <class T>
using Vector = std::conditional_t<std::is_same_v<T, float>, FloatVector, DoubleVector>;
// Integers of the same size; also what comparing vectors gives, -1 where true.
template <class T>
using Bits = std::conditional_t<std::is_same_v<T, float>, Int32Vector, Int64Vector>;

template <class T>
inline Vector<T> load(const T* from) {
    Vector<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
inline void store(T* to, Vector<T> v) {
    std::memcpy(to, &v, sizeof v);
}

template <class T>
inline Vector<T> splat(T x) {
    return x - Vector<T>{};  // which keeps the sign of 0
}

// The first `count` lanes, fewer than a vector has; the others are 0, or stay unwritten.
#if defined(__AVX512F__)
inline FloatVector load_part(const float* from, int count) {
    return FloatVector(_mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), from));
}
inline DoubleVector load_part(const double* from, int count) {
    return DoubleVector(_mm512_maskz_loadu_pd(__mmask8((1u << count) - 1), from));
}
inline void store_part(float* to, FloatVector v, int count) {
    _mm512_mask_storeu_ps(to, __mmask16((1u << count) - 1), __m512(v));
}
inline void store_part(double* to, DoubleVector v, int count) {
    _mm512_mask_storeu_pd(to, __mmask8((1u << count) - 1), __m512d(v));
}
#else
template <class T>
inline Vector<T> load_part(const T* from, int count) {
    Vector<T> v{};
    for (int k = 0; k < count; ++k) v[k] = from[k];
    return v;
}
template <class T>
inline void store_part(T* to, Vector<T> v, int count) {
    for (int k = 0; k < count; ++k) to[k] = v[k];
}
#endif

template <class T>
inline Bits<T> bits(Vector<T> v) {
    Bits<T> b;
    std::memcpy(&b, &v, sizeof b);
    return b;
}

template <class T>
inline Vector<T> from_bits(Bits<T> b) {
    Vector<T> v;
    std::memcpy(&v, &b, sizeof v);
    return v;
}

// Of two vectors: blocks of S lanes in which the second's lower half takes the place of the first's upper half,
// or, with UPPER, the other way round.
template <class T, int S, bool UPPER, int... J>
inline Vector<T> exchange(Vector<T> a, Vector<T> b, std::integer_sequence<int, J...>) {
    constexpr int L = LANES<T>;
#if defined(__clang__)
    return __builtin_shufflevector(a, b, (UPPER ? (J & S ? L + J : J + S) : (J & S ? L + J - S : J))...);
#else
    return __builtin_shuffle(a, b, Bits<T>{(UPPER ? (J & S ? L + J : J + S) : (J & S ? L + J - S : J))...});
#endif
}

template <class T, int S>
inline void transpose_blocks(Vector<T>* rows) {
    constexpr auto lanes = std::make_integer_sequence<int, LANES<T>>();
#pragma GCC unroll 16
    for (int k = 0; k < LANES<T>; ++k)
        if (!(k & S)) {
            const Vector<T> a = rows[k], b = rows[k + S];
            rows[k] = exchange<T, S, false>(a, b, lanes);
            rows[k + S] = exchange<T, S, true>(a, b, lanes);
        }
    if constexpr (2 * S < LANES<T>) transpose_blocks<T, 2 * S>(rows);
}

// A square as wide as a vector: its columns, `from_stride` apart, become rows `to_stride` apart.
template <class T>
inline void transpose(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride) {
    Vector<T> rows[LANES<T>];
#pragma GCC unroll 16
    for (int k = 0; k < LANES<T>; ++k) rows[k] = load(from + k * from_stride);
    transpose_blocks<T, 1>(rows);
#pragma GCC unroll 16
    for (int k = 0; k < LANES<T>; ++k) store(to + k * to_stride, rows[k]);
}

}  // namespace ISA
}  // namespace throughtime
