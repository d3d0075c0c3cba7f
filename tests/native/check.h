// What the native tests share: checks that are counted, how near is near enough, numbers to test with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

namespace throughtime {

// Checks that failed; the first of them are printed.
inline int failures = 0;

#define CHECK(condition, ...)                                                \
    do {                                                                     \
        if (!(condition) && failures++ < 20) {                               \
            std::printf("%s:%d: %s fails: ", __FILE__, __LINE__, #condition); \
            std::printf(__VA_ARGS__);                                        \
            std::printf("\n");                                               \
        }                                                                    \
    } while (false)

template <class T>
constexpr const char* TYPE = sizeof(T) == 4 ? "float" : "double";

// The relative error of one rounding.
template <class T>
constexpr long double UNIT = std::numeric_limits<T>::epsilon() / 2;

// |got - right| in units of roundoff of `size`. What is below the smallest normal number counts as 0, and
// infinity as the power of two past the largest number.
template <class T>
long double units(T got, long double right, long double size) {
    using Limits = std::numeric_limits<T>;
    const long double top = std::ldexp(1.0L, Limits::max_exponent);
    const long double apart = std::numeric_limits<long double>::infinity();
    if (std::isnan(got) || std::isnan(right)) return std::isnan(got) && std::isnan(right) ? 0 : apart;
    const long double y = std::clamp((long double)(got), -top, top);
    const long double x = std::clamp(right, -top, top);
    if (y == x) return 0;
    if (std::fabs(x) < Limits::min() && std::fabs(y) <= Limits::min()) return 0;
    return std::fabs(y - x) / (std::min(std::fabs(size), top) * UNIT<T>);
}

template <class T>
long double units(T got, long double right) {
    return units(got, right, right);
}

// Numbers that look random and are the same each time (splitmix64).
class Numbers {
  public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}

    std::uint64_t bits() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    double between(double low, double high) {
        return low + (high - low) * std::ldexp(double(bits() >> 11), -53);
    }

    template <class T>
    std::vector<T> several(std::int64_t count, double low, double high) {
        std::vector<T> numbers(count);
        for (T& one : numbers) one = T(between(low, high));
        return numbers;
    }

  private:
    std::uint64_t state_;
};

// What lies where nothing may be written.
constexpr int GUARD = -7777;

namespace ISA {

void check_functions();
void check_product();
void check_rows();
void check_outer();
void check_scan();
void check_softmax();
void check_best();
void check_additive();

}  // namespace ISA
}  // namespace throughtime
