// outer.h, as Python calls it, against three loops.
#include "check.h"
#include "library.h"

namespace throughtime {
namespace ISA {
namespace {

void outer(const Outer* outers, int count, int threads, float) { NAME(outer_float, ISA)(outers, count, threads); }
void outer(const Outer* outers, int count, int threads, double) { NAME(outer_double, ISA)(outers, count, threads); }

// Factors and room for the result, with what lies where nothing may be written behind it.
template <class T>
struct Sum {
    int rows, m, n;
    std::vector<T> d, v, to;

    Sum(int rows, int m, int n)
        : rows(rows),
          m(m),
          n(n),
          d(Numbers(rows * 31 + m).several<T>(rows * m, -1, 1)),
          v(Numbers(rows * 17 + n).several<T>(rows * n, -1, 1)),
          to(m * n + 40, T(GUARD)) {}

    Outer laid() { return {d.data(), v.data(), to.data(), rows, m, n, 0}; }

    void check() const {
        for (int i = 0; i < m; ++i)
            for (int j = 0; j < n; ++j) {
                long double right = 0, size = 0;
                for (int r = 0; r < rows; ++r) {
                    const long double one = (long double)(d[r * m + i]) * v[r * n + j];
                    right += one;
                    size += std::fabs(one);
                }
                const T got = to[i * n + j];
                CHECK(rows ? units(got, right, size) <= rows + 1 : got == T(0), "%s %d rows (%d, %d): at %d, %d", TYPE<T>,
                      rows, m, n, i, j);
            }
        for (int k = m * n; k < int(to.size()); ++k)
            CHECK(to[k] == T(GUARD), "%s %d rows (%d, %d): written past the end", TYPE<T>, rows, m, n);
    }
};

// About the width of a panel, the rows of a block, and the rows that are added up at once.
template <class T>
void check() {
    for (int threads : {1, 2, 3}) {
        std::vector<Sum<T>> sums;
        for (int rows : {0, 1, 7, 127, 128, 129, 300})
            for (int m : {1, 12, 13, 33, 70})
                for (int n : {1, 15, 32, 65}) sums.emplace_back(rows, m, n);
        std::vector<Outer> laid;
        for (auto& one : sums) laid.push_back(one.laid());
        outer(laid.data(), int(laid.size()), threads, T());
        for (const auto& one : sums) one.check();
    }
}

}  // namespace

void check_outer() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
