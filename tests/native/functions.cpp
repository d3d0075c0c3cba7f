// functions.h against <cmath> in long double.
#include "functions.h"

#include "check.h"

namespace throughtime {
namespace ISA {
namespace {

template <class T>
struct Function {
    const char* name;
    Vector<T> (*fast)(Vector<T>);
    long double (*right)(long double);
    double bound;  // units of roundoff
};

// Where long double is no wider than double, the right value is itself a rounding or two off.
constexpr double REFERENCE = std::numeric_limits<long double>::digits > 53 ? 0 : 2;

// tanh divides what exp and two roundings made; log1p is log with a division and a product more.
template <class T>
const Function<T> FUNCTIONS[] = {
    {"exp", &exp<T>, [](long double x) { return std::exp(x); }, 2},
    {"sigmoid", &sigmoid<T>, [](long double x) { return 1 / (1 + std::exp(-x)); }, 3},
    {"tanh", &tanh<T>, [](long double x) { return std::tanh(x); }, 4},
    {"log", &log<T>, [](long double x) { return std::log(x); }, 3},
    {"log1p", &log1p<T>, [](long double x) { return std::log1p(x); }, 5},
    {"expm1", &expm1<T>, [](long double x) { return std::expm1(x); }, 4},
    {"erf", &erf<T>, [](long double x) { return std::erf(x); }, 4},
    {"sqrt", &sqrt<T>, [](long double x) { return std::sqrt(x); }, 1},
};

// Special values; every order of size, by random bits; and more where the functions bend. Subnormal numbers
// are left out: see the scan, in which they count as 0.
template <class T>
std::vector<T> inputs() {
    using Limits = std::numeric_limits<T>;
    std::vector<T> all;
    for (T x : {T(0), T(1), T(0.5), Limits::min(), Limits::max(), Limits::epsilon(), Limits::infinity(),
                Limits::quiet_NaN(), T(0.70710678118654752), T(20), T(88), T(104), T(709), T(745)})
        for (T y : {x, std::nextafter(x, T(0)), std::nextafter(x, Limits::infinity())})
            all.insert(all.end(), {y, -y});
    Numbers numbers(1);
    for (int k = 0; k < 100000; ++k) {
        const std::uint64_t bits = numbers.bits();
        T x;
        std::memcpy(&x, &bits, sizeof x);
        all.push_back(x);
    }
    for (double range : {1e-3, 0.5, 2.0, 25.0, 110.0, 750.0})
        for (int k = 0; k < 10000; ++k) {
            all.push_back(T(numbers.between(-range, range)));
            all.push_back(T(1 + numbers.between(-range, range)));
        }
    const auto subnormal = [](T x) { return x != 0 && std::fabs(x) < Limits::min(); };
    all.erase(std::remove_if(all.begin(), all.end(), subnormal), all.end());
    all.resize((all.size() + LANES<T> - 1) / LANES<T> * LANES<T>);
    return all;
}

template <class T>
void check() {
    const std::vector<T> all = inputs<T>();
    for (const auto& one : FUNCTIONS<T>) {
        long double most = 0;
        for (std::size_t k = 0; k < all.size(); k += LANES<T>) {
            const Vector<T> got = one.fast(load(&all[k]));
            for (int lane = 0; lane < LANES<T>; ++lane) {
                const T x = all[k + lane], y = got[lane];
                const long double right = one.right(x), off = units(y, right);
                CHECK(off <= one.bound + REFERENCE, "%s %s(%.17g) = %.17g, right %.17g, %.2f units off",
                      TYPE<T>, one.name, double(x), double(y), double(right), double(off));
                CHECK(y != 0 || right != 0 || std::signbit(y) == std::signbit(right), "%s sign of %s(%g)",
                      TYPE<T>, one.name, double(x));
                most = std::max(most, off);
            }
        }
        std::printf("%6s %-7s within %.2f units of roundoff\n", TYPE<T>, one.name, double(most));
    }
}

}  // namespace

void check_functions() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
