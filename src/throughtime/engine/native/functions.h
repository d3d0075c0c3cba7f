// Elementary functions on vectors, float and double by the same formulas. NaN stays NaN.
#pragma once

#include <cmath>
#include <limits>

#include "vector.h"

namespace throughtime {
namespace ISA {

template <class T>
struct Format;

template <>
struct Format<float> {
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to whole numbers
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float highest = 89.0f, lowest = -104.0f;  // beyond them exp is infinite, or 0
    static constexpr int exp_terms = 7, log_terms = 5;
};

template <>
struct Format<double> {
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
    static constexpr double highest = 710.0, lowest = -746.0;
    static constexpr int exp_terms = 13, log_terms = 11;
};

// x = n ln 2 + r with |r| <= ln 2 / 2, so that exp(x) - 1 = 2^n p + (2^n - 1), p = exp(r) - 1.
template <class T>
struct Exponential {
    Bits<T> n;
    Vector<T> p;
};

// 1/k! for the Taylor series of exp, which at |r| <= 0.35 is as good as the type after exp_terms terms.
constexpr double INVERSE_FACTORIAL[] = {
    1.0,
    1.0,
    1.0 / 2,
    1.0 / 6,
    1.0 / 24,
    1.0 / 120,
    1.0 / 720,
    1.0 / 5040,
    1.0 / 40320,
    1.0 / 362880,
    1.0 / 3628800,
    1.0 / 39916800,
    1.0 / 479001600,
    1.0 / 6227020800,
};

template <class T>
inline Exponential<T> exponential(Vector<T> x) {
    using F = Format<T>;
    const T log2_e = T(1.4426950408889634074);
    const Vector<T> rounded = x * log2_e + F::rounder;
    const Vector<T> n = rounded - F::rounder;
    const Vector<T> r = (x - n * F::ln2_high) - n * F::ln2_low;
    Vector<T> series = splat<T>(T(INVERSE_FACTORIAL[F::exp_terms]));
#pragma GCC unroll 16
    for (int k = F::exp_terms - 1; k >= 2; --k) series = series * r + T(INVERSE_FACTORIAL[k]);
    return {bits<T>(rounded) - bits<T>(splat<T>(F::rounder)), series * (r * r) + r};
}

// 2^n, for n within the exponents of the type.
template <class T>
inline Vector<T> power_of_two(Bits<T> n) {
    return from_bits<T>((n + Format<T>::bias) << Format<T>::mantissa);
}

template <class T>
inline Vector<T> clamp(Vector<T> x, T low, T high) {
    x = x < low ? splat<T>(low) : x;
    return x > high ? splat<T>(high) : x;
}

template <class T>
inline Vector<T> exp(Vector<T> x) {
    const auto e = exponential<T>(clamp<T>(x, Format<T>::lowest, Format<T>::highest));
    const Bits<T> half = e.n >> 1;  // in two steps, so that the largest results do not overflow on the way
    return (e.p + T(1)) * power_of_two<T>(half) * power_of_two<T>(e.n - half);
}

// 1 / (1 + exp(-x)); exp(-x) is held below overflow, where the result is below the smallest normal number.
template <class T>
inline Vector<T> sigmoid(Vector<T> x) {
    const T bound = T(Format<T>::bias) * T(0.6931);
    const auto e = exponential<T>(clamp<T>(-x, -bound, bound));
    const Vector<T> scale = power_of_two<T>(e.n);
    return T(1) / (scale * e.p + (scale + T(1)));
}

// tanh |x| = m / (m + 2) with m = exp(2|x|) - 1, which loses nothing near 0; from |x| = 20 on it is 1.
template <class T>
inline Vector<T> tanh(Vector<T> x) {
    const Bits<T> sign_bit = bits<T>(splat<T>(T(-0.0)));
    const Bits<T> sign = bits<T>(x) & sign_bit;
    const Vector<T> size = from_bits<T>(bits<T>(x) & ~sign_bit);
    const auto e = exponential<T>((size > T(20) ? splat<T>(T(20)) : size) * T(2));
    const Vector<T> scale = power_of_two<T>(e.n);
    const Vector<T> m = scale * e.p + (scale - T(1));
    return from_bits<T>(bits<T>(m / (m + T(2))) | sign);
}

// log x = e ln 2 + log m, m in [0.7, 1.4], log m = 2 artanh((m - 1) / (m + 1)) by its odd series.
template <class T>
inline Vector<T> log(Vector<T> x) {
    using F = Format<T>;
    const T infinity = std::numeric_limits<T>::infinity();
    const Bits<T> origin = bits<T>(splat<T>(T(0.70710678118654752)));
    const Bits<T> size = bits<T>(x) & ~bits<T>(splat<T>(T(-0.0)));  // without the sign nothing overflows
    const Bits<T> e = (size - origin) >> F::mantissa;
    const Vector<T> m = from_bits<T>(size - (e << F::mantissa));
    const Vector<T> s = (m - T(1)) / (m + T(1)), square = s * s;
    Vector<T> series = splat<T>(T(1) / (2 * F::log_terms + 1));
#pragma GCC unroll 16
    for (int k = F::log_terms - 1; k >= 1; --k) series = series * square + T(1) / (2 * k + 1);
    const Vector<T> n = __builtin_convertvector(e, Vector<T>);
    Vector<T> y = s * T(2) * (series * square) + n * F::ln2_low;
    y = (y + s * T(2)) + n * F::ln2_high;
    y = x == T(0) ? splat<T>(-infinity) : y;
    y = x == infinity ? x : y;
    return ((x < T(0)) | (x != x)) ? splat<T>(std::numeric_limits<T>::quiet_NaN()) : y;
}

// The rounding error of u = 1 + x is made good by the factor x / (u - 1) (Kahan).
template <class T>
inline Vector<T> log1p(Vector<T> x) {
    const Vector<T> u = x + T(1);
    const Vector<T> exact = log<T>(u) * (x / (u - T(1)));
    const Bits<T> plain = (u == T(1)) | (x == std::numeric_limits<T>::infinity());
    return plain ? x : exact;
}

template <class T>
inline Vector<T> sqrt(Vector<T> x) {
    for (int k = 0; k < LANES<T>; ++k) x[k] = std::sqrt(x[k]);
    return x;
}

}  // namespace ISA
}  // namespace throughtime
