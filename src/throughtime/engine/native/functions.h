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

// exp(x) - 1 = 2^n p + (2^n - 1), which loses nothing near 0. The last step is taken twice over, as in exp.
template <class T>
inline Vector<T> expm1(Vector<T> x) {
    const auto e = exponential<T>(clamp<T>(x, T(-50), Format<T>::highest));
    const Bits<T> half = e.n >> 1;
    const Vector<T> scale = power_of_two<T>(half), rest = power_of_two<T>(e.n - half);
    const Vector<T> large = (e.p + T(1)) * scale * rest;  // where 2^n alone may overflow, and 1 is nothing
    const Vector<T> whole = power_of_two<T>(e.n > Format<T>::bias ? Bits<T>{} : e.n);
    const Vector<T> y = e.n > Format<T>::mantissa + 2 ? large : whole * e.p + (whole - T(1));
    return x == T(0) ? x : y;
}

template <class T, int N>
inline Vector<T> polynomial(Vector<T> x, const T (&terms)[N]) {
    Vector<T> sum = splat<T>(terms[0]);
#pragma GCC unroll 16
    for (int k = 1; k < N; ++k) sum = sum * x + terms[k];
    return sum;
}

// Chebyshev fits, highest power first: erf(x) / x in x^2 up to |x| = 1, and erfc(x) exp(x^2) (1 + 2 x) in
// (x - 3) / (x + 3) from there to where erf is 1 to the last digit.
template <class T>
struct ErrorFunction;

template <>
struct ErrorFunction<float> {
    static constexpr float most = 4.0f;
    static constexpr float small[] = {7.8758750626854883e-5f, -8.0168642871658695e-4f, 5.1890874234339740e-3f,
                                      -2.6854212010626412e-2f, 1.1283594715160218e-1f, -3.7612626666720332e-1f,
                                      1.1283791658483510f};
    static constexpr float large[] = {8.6916954220759847e-4f, -2.3509070037105573e-2f, 6.8638126701668230e-2f,
                                      -1.1927927745271911e-1f, 1.2962494799220193e-1f, -4.7562429225957142e-2f,
                                      -1.3562078605717503e-1f, 1.2530080589248828f};
};

template <>
struct ErrorFunction<double> {
    static constexpr double most = 6.0;
    static constexpr double small[] = {
        -7.7958988270021422416e-10, 1.3720064546777685604e-8, -1.6208483801871705902e-7, 1.644742470331736241e-6,
        -1.4924736907419660338e-5,  1.2055294904839707917e-4, -8.5483259753896920806e-4, 5.2239776071164227321e-3,
        -2.686617064323777036e-2,   1.1283791670945006266e-1, -3.7612638903183540438e-1, 1.1283791670955125665};
    static constexpr double large[] = {
        2.2849825479470049201e-6,  -1.0474106479832424349e-6, -1.9724332775436144736e-5, 5.1110199446532373088e-6,
        1.250512141750134794e-4,   -1.0518763242323468153e-4, -7.7982945174830833798e-4, 1.8886926936596246999e-3,
        2.5293917508951617889e-3,  -2.3770515019766627196e-2, 6.8308027343906443848e-2,  -1.1927366341319230325e-1,
        1.2964515870277799692e-1,  -4.7562294353467641827e-2, -1.3562110612458126868e-1, 1.2530080582697296744};
};

template <class T>
inline Vector<T> erf(Vector<T> x) {
    using E = ErrorFunction<T>;
    const Bits<T> sign_bit = bits<T>(splat<T>(T(-0.0)));
    const Vector<T> size = from_bits<T>(bits<T>(x) & ~sign_bit);
    const Vector<T> held = size > E::most ? splat<T>(E::most) : size;
    const Vector<T> t = (held - T(3)) / (held + T(3));
    const Vector<T> tail = exp<T>(-held * held) * polynomial<T>(t, E::large) / (T(1) + T(2) * held);
    const Vector<T> large = from_bits<T>(bits<T>(T(1) - tail) | (bits<T>(x) & sign_bit));
    return size < T(1) ? x * polynomial<T>(x * x, E::small) : large;
}

// x = n pi / 2 + r with |r| <= pi / 4, pi / 2 in three parts of which the first two have digits to spare, so that
// n times them is exact. Beyond `most` the digits run out, and each number goes to the standard library.
template <class T>
struct HalfPi;

template <>
struct HalfPi<float> {
    static constexpr float high = 1.5703125f, middle = 4.8375129699707031e-4f, low = 7.5497899548918821e-8f;
    static constexpr float most = 4096.0f;
};

template <>
struct HalfPi<double> {
    static constexpr double high = 1.57079625129699707031, middle = 7.54978941586159635336e-8,
                            low = 5.39030285815811905290e-15;
    static constexpr double most = 65536.0;
};

// sin(x + turns pi / 2), by the Taylor series of sin and cos.
template <class T>
inline Vector<T> sine(Vector<T> x, int turns) {
    using H = HalfPi<T>;
    constexpr int terms = sizeof(T) == 4 ? 5 : 9;
    const Vector<T> rounded = x * T(0.63661977236758134308) + Format<T>::rounder;
    const Vector<T> n = rounded - Format<T>::rounder;
    const Vector<T> r = ((x - n * H::high) - n * H::middle) - n * H::low, square = r * r;
    Vector<T> odd = splat<T>(T(1)), even = odd;
#pragma GCC unroll 16
    for (int k = terms; k >= 1; --k) {
        odd = T(1) - square * odd * T(1.0 / (2 * k * (2 * k + 1)));
        even = T(1) - square * even * T(1.0 / (2 * k * (2 * k - 1)));
    }
    const Bits<T> quarter = bits<T>(rounded) + turns;
    const Vector<T> y = (quarter & 1) != 0 ? even : r * odd;
    return (quarter & 2) != 0 ? -y : y;
}

template <class T>
inline bool any_beyond(Vector<T> x, T most) {
    const Bits<T> beyond = (x > most) | (x < -most);
    for (int k = 0; k < LANES<T>; ++k)
        if (beyond[k]) return true;
    return false;
}

template <class T>
inline Vector<T> sin(Vector<T> x) {
    Vector<T> y = sine<T>(x, 0);
    if (any_beyond<T>(x, HalfPi<T>::most))
        for (int k = 0; k < LANES<T>; ++k) y[k] = std::sin(x[k]);
    return x == T(0) ? x : y;
}

template <class T>
inline Vector<T> cos(Vector<T> x) {
    Vector<T> y = sine<T>(x, 1);
    if (any_beyond<T>(x, HalfPi<T>::most))
        for (int k = 0; k < LANES<T>; ++k) y[k] = std::cos(x[k]);
    return y;
}

// |a|^b = exp(b log |a|), which is |b log a| units of roundoff off; NaN where a is negative, b not whole.
template <class T>
inline Vector<T> power(Vector<T> a, Vector<T> b) {
    const Vector<T> size = from_bits<T>(bits<T>(a) & ~bits<T>(splat<T>(T(-0.0))));
    const Vector<T> y = exp<T>(b * log<T>(size));
    Vector<T> floor = b, half = b * T(0.5);
    for (int k = 0; k < LANES<T>; ++k) floor[k] = std::floor(b[k]), half[k] = std::floor(half[k]);
    const Bits<T> whole = floor == b, odd = whole & (half * T(2) != b);
    const Bits<T> below = bits<T>(a) < 0;
    Vector<T> signed_y = below & odd ? -y : y;
    signed_y = (a < T(0)) & (a >= -std::numeric_limits<T>::max()) & ~whole ? splat<T>(std::numeric_limits<T>::quiet_NaN()) : signed_y;
    return (b == T(0)) | (a == T(1)) ? splat<T>(T(1)) : signed_y;
}

template <class T>
inline Vector<T> sqrt(Vector<T> x) {
    for (int k = 0; k < LANES<T>; ++k) x[k] = std::sqrt(x[k]);
    return x;
}

}  // namespace ISA
}  // namespace throughtime
