// scan.cpp by what it exports: an LSTM put together by hand against loops over time.
#include <cfenv>

#include "check.h"
#include "library.h"
#include "vector.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace throughtime {
namespace ISA {
namespace {

template <class T>
void scan(const std::vector<Scan>& scans, int threads) {
    if constexpr (sizeof(T) == 4)
        NAME(scan_float, ISA)(scans.data(), int(scans.size()), threads);
    else
        NAME(scan_double, ISA)(scans.data(), int(scans.size()), threads);
}

struct Steps {
    std::vector<std::int64_t> sizes, offsets;
    std::int64_t rows = 0;

    explicit Steps(const std::vector<std::int64_t>& sizes) : sizes(sizes) {
        for (const std::int64_t size : sizes) {
            offsets.push_back(rows);
            rows += size;
        }
    }
    std::int64_t batch() const { return sizes.empty() ? 0 : sizes[0]; }
};

constexpr Operand NONE = {-1, 0};

// A program and all that its scan points to.
template <class T>
struct Laid {
    std::vector<Instruction> instructions;
    std::vector<std::int32_t> groups;
    std::vector<Buffer> buffers;
    std::vector<Matrix> matrices;
    std::vector<std::vector<T>> memory, packed;
    std::int64_t tile_rows = 3, tile_width = 0, ahead = 0, behind = 0, rows_at_once = 12;
    std::vector<void*> data;
    std::vector<const void*> packed_data;

    std::int32_t buffer(Kind kind, std::int64_t width, std::vector<T> numbers) {
        buffers.push_back({width, 0, kind});
        memory.push_back(std::move(numbers));
        return std::int32_t(buffers.size()) - 1;
    }

    std::int32_t tile(std::int64_t width) {
        buffers.push_back({width, tile_width, Kind::tile});
        memory.emplace_back();
        tile_width += width;
        return std::int32_t(buffers.size()) - 1;
    }

    void add(Operation operation, int width, Operand to, std::vector<Operand> from, int splat = 0,
             int matrix = -1) {
        from.resize(3, NONE);
        instructions.push_back({operation, width, splat, matrix, to, {from[0], from[1], from[2]}});
    }

    void end_group() { groups.push_back(std::int32_t(instructions.size())); }

    Scan scan(const Steps& steps, bool backwards, bool shared_products) {
        data.clear(), packed_data.clear();
        for (auto& one : memory) data.push_back(one.data());
        for (auto& one : packed) packed_data.push_back(one.data());
        return {std::int64_t(steps.sizes.size()), steps.sizes.data(), steps.offsets.data(), instructions.data(),
                groups.data(), buffers.data(), matrices.data(), data.data(), packed_data.data(),
                std::int64_t(groups.size()), ahead, behind, tile_rows, tile_width, backwards, shared_products,
                rows_at_once};
    }
};

constexpr int PAD = 2;       // columns past the rows of sequences and states, which stay as they are
constexpr double SCALE = 0.5;

// i, f, g, o = columns of x + h U + b; c = f c + i g; h = o tanh c. Out come SCALE h, h V and the sum of h.
template <class T>
struct Lstm {
    int hidden, outputs;
    Steps steps;
    std::vector<T> x, b, u, v, h, c;
    Laid<T> laid;
    std::int32_t h_at, c_at, scaled_at, projected_at, sum_at;

    Lstm(int hidden, int outputs, const Steps& steps, std::uint64_t seed)
        : hidden(hidden), outputs(outputs), steps(steps) {
        Numbers numbers(seed);
        const double most = 1 / std::sqrt(double(hidden));
        x = numbers.several<T>(steps.rows * (4 * hidden + PAD), -1, 1);
        b = numbers.several<T>(4 * hidden, -1, 1);
        u = numbers.several<T>(4 * hidden * hidden, -most, most);
        v = numbers.several<T>(hidden * outputs, -most, most);
        h = numbers.several<T>(steps.batch() * (hidden + PAD), -1, 1);
        c = numbers.several<T>(steps.batch() * (hidden + PAD), -1, 1);
        assemble();
    }

    void assemble() {
        const int H = hidden;
        const auto guarded = [&](int width) { return std::vector<T>(steps.rows * (width + PAD), T(GUARD)); };
        const auto x_at = laid.buffer(Kind::sequence, 4 * H + PAD, x);
        const auto b_at = laid.buffer(Kind::fixed, 4 * H, b);
        const auto number_at = laid.buffer(Kind::fixed, 2, {T(-1), T(SCALE)});
        const auto work = laid.buffer(Kind::state, 4 * H, std::vector<T>(steps.batch() * 4 * H));
        const auto one = laid.tile(H), other = laid.tile(H);
        h_at = laid.buffer(Kind::state, H + PAD, h);
        c_at = laid.buffer(Kind::state, H + PAD, c);
        scaled_at = laid.buffer(Kind::sequence, H + PAD, guarded(H));
        projected_at = laid.buffer(Kind::sequence, outputs + PAD, guarded(outputs));
        sum_at = laid.buffer(Kind::sequence, 1 + PAD, guarded(1));
        laid.matrices = {{H, 4 * H}, {H, outputs}};
        laid.packed = {packed(u, laid.matrices[0], 1), packed(v, laid.matrices[1], 1)};

        laid.add(Operation::product, 4 * H, {work, 0}, {{h_at, 0}, {x_at, 0}, {b_at, 0}}, 0, 0);
        laid.end_group();
        laid.add(Operation::sigmoid, H, {one, 0}, {{work, H}});
        laid.add(Operation::mul, H, {c_at, 0}, {{one, 0}, {c_at, 0}});
        laid.add(Operation::sigmoid, H, {one, 0}, {{work, 0}});
        laid.add(Operation::tanh, H, {other, 0}, {{work, 2 * H}});
        laid.add(Operation::multiply_add, H, {c_at, 0}, {{one, 0}, {other, 0}, {c_at, 0}});
        laid.add(Operation::tanh, H, {other, 0}, {{c_at, 0}});
        laid.add(Operation::sigmoid, H, {one, 0}, {{work, 3 * H}});
        laid.add(Operation::mul, H, {other, 0}, {{one, 0}, {other, 0}});
        laid.add(Operation::copy, H, {h_at, 0}, {{other, 0}});
        laid.add(Operation::mul, H, {scaled_at, 0}, {{other, 0}, {number_at, 1}}, 2);
        laid.add(Operation::sum, H, {sum_at, 0}, {{other, 0}});
        laid.end_group();
        laid.add(Operation::product, outputs, {projected_at, 0}, {{h_at, 0}}, 0, 1);
        laid.end_group();
    }

    // As the scan found it.
    void reset() {
        laid.memory[h_at] = h;
        laid.memory[c_at] = c;
        for (const auto at : {scaled_at, projected_at, sum_at})
            std::fill(laid.memory[at].begin(), laid.memory[at].end(), T(GUARD));
    }
};

template <class T>
using Exact = std::conditional_t<sizeof(T) == 4, double, long double>;

// What the buffers of an Lstm hold after a scan, by loops.
template <class T>
struct Naive {
    using E = Exact<T>;
    std::vector<E> h, c, scaled, projected, sum;

    Naive(const Lstm<T>& lstm, bool backwards)
        : h(lstm.h.begin(), lstm.h.end()), c(lstm.c.begin(), lstm.c.end()) {
        const auto& steps = lstm.steps;
        scaled.assign(steps.rows * (lstm.hidden + PAD), GUARD);
        projected.assign(steps.rows * (lstm.outputs + PAD), GUARD);
        sum.assign(steps.rows * (1 + PAD), GUARD);
        const std::int64_t count = std::int64_t(steps.sizes.size());
        for (std::int64_t k = 0; k < count; ++k) {
            const std::int64_t t = backwards ? count - 1 - k : k;
            for (std::int64_t r = 0; r < steps.sizes[t]; ++r) row(lstm, r, steps.offsets[t] + r);
        }
    }

    void row(const Lstm<T>& lstm, std::int64_t r, std::int64_t at) {
        const int H = lstm.hidden;
        E* h_row = &h[r * (H + PAD)];
        E* c_row = &c[r * (H + PAD)];
        std::vector<E> gates(4 * H);
        for (int j = 0; j < 4 * H; ++j) {
            gates[j] = E(lstm.x[at * (4 * H + PAD) + j]) + lstm.b[j];
            for (int k = 0; k < H; ++k) gates[j] += h_row[k] * lstm.u[k * 4 * H + j];
        }
        const auto sigmoid = [](E y) { return 1 / (1 + std::exp(-y)); };
        E& total = sum[at * (1 + PAD)] = 0;
        for (int j = 0; j < H; ++j) {
            c_row[j] = sigmoid(gates[H + j]) * c_row[j] + sigmoid(gates[j]) * std::tanh(gates[2 * H + j]);
            h_row[j] = sigmoid(gates[3 * H + j]) * std::tanh(c_row[j]);
            scaled[at * (H + PAD) + j] = E(SCALE) * h_row[j];
            total += h_row[j];
        }
        for (int j = 0; j < lstm.outputs; ++j) {
            E& y = projected[at * (lstm.outputs + PAD) + j] = 0;
            for (int k = 0; k < H; ++k) y += h_row[k] * lstm.v[k * lstm.outputs + j];
        }
    }
};

// A step rounds sums of hidden + 2 numbers, of size 2 at most, and some dozen results; the recurrence, being a
// contraction but for some parts, carries a few steps' worth of that.
template <class T>
void check_near(const Lstm<T>& lstm, const Naive<T>& naive, const char* what) {
    const auto near = [&](std::int32_t buffer, const std::vector<Exact<T>>& right, const char* name) {
        const auto& got = lstm.laid.memory[buffer];
        const long double bound = 8 * (lstm.hidden + 12) * UNIT<T>;
        for (std::size_t k = 0; k < right.size(); ++k) {
            const bool guard = right[k] == GUARD;
            CHECK(guard ? got[k] == T(GUARD) : std::fabs(got[k] - right[k]) <= bound,
                  "%s %s, hidden %d: %s at %d is %.9g, right %.9g", TYPE<T>, what, lstm.hidden, name, int(k),
                  double(got[k]), double(right[k]));
        }
    };
    near(lstm.h_at, naive.h, "h");
    near(lstm.c_at, naive.c, "c");
    near(lstm.scaled_at, naive.scaled, "scaled");
    near(lstm.projected_at, naive.projected, "projected");
    near(lstm.sum_at, naive.sum, "sum");
}

// A function, since nothing compiled for an instruction set may run before it is known that the machine has it.
std::vector<std::vector<std::int64_t>> batches() {
    return {{}, {1}, {1, 1, 1, 1}, {3, 0}, {9, 9, 7, 4, 4, 1}, {40, 29, 13, 2}};
}

template <class T>
void check_lstm(int hidden, int outputs) {
    for (const auto& sizes : batches()) {
        const Steps steps(sizes);
        Lstm<T> forwards(hidden, outputs, steps, 1), backwards(hidden, outputs, steps, 2);
        const Naive<T> there(forwards, false), back(backwards, true), forwards_back(forwards, true);
        for (int threads = 1; threads <= 4; ++threads)
            for (const bool shared : {false, true}) {
                char what[80];
                std::snprintf(what, sizeof what, "%d steps of %d, %d threads, shared %d", int(sizes.size()),
                              int(steps.batch()), threads, int(shared));
                for (const bool turned : {false, true}) {
                    scan<T>({forwards.laid.scan(steps, turned, shared)}, threads);
                    check_near(forwards, turned ? forwards_back : there, what);
                    forwards.reset();
                }
                scan<T>({forwards.laid.scan(steps, false, shared), backwards.laid.scan(steps, true, !shared)},
                        threads);
                check_near(forwards, there, what);
                check_near(backwards, back, what);
                forwards.reset();
                backwards.reset();
            }
    }
}

// Ahead y = x A + a for all rows; s = s + y, out = s; behind z = out C, for all rows.
template <class T>
void check_all_at_once(int depth, const std::vector<std::int64_t>& sizes) {
    constexpr int width = 18, outputs = 3;
    using E = Exact<T>;
    const Steps steps(sizes);
    Numbers numbers(depth);
    const auto x = numbers.several<T>(steps.rows * depth, -1, 1), a = numbers.several<T>(width, -1, 1);
    const auto A = numbers.several<T>(depth * width, -1, 1), C = numbers.several<T>(width * outputs, -1, 1);
    for (int threads = 1; threads <= 3; ++threads)
        for (const bool shared : {false, true}) {
            Laid<T> laid;
            const auto x_at = laid.buffer(Kind::sequence, depth, x), a_at = laid.buffer(Kind::fixed, width, a);
            const auto empty = [&](int columns) { return std::vector<T>(steps.rows * columns, T(GUARD)); };
            const auto y_at = laid.buffer(Kind::sequence, width, empty(width));
            const auto s_at = laid.buffer(Kind::state, width, std::vector<T>(steps.batch() * width));
            const auto out_at = laid.buffer(Kind::sequence, width, empty(width));
            const auto z_at = laid.buffer(Kind::sequence, outputs + PAD, empty(outputs + PAD));
            laid.matrices = {{depth, width}, {width, outputs}};
            laid.packed = {packed(A, laid.matrices[0], 1), packed(C, laid.matrices[1], 1)};
            laid.ahead = laid.behind = 1;
            laid.add(Operation::product, width, {y_at, 0}, {{x_at, 0}, {a_at, 0}}, 0, 0);
            laid.end_group();
            laid.add(Operation::add, width, {s_at, 0}, {{s_at, 0}, {y_at, 0}});
            laid.add(Operation::copy, width, {out_at, 0}, {{s_at, 0}});
            laid.end_group();
            laid.add(Operation::product, outputs, {z_at, 0}, {{out_at, 0}}, 0, 1);
            laid.end_group();
            scan<T>({laid.scan(steps, false, shared)}, threads);

            std::vector<E> s(steps.batch() * width);
            const long double bound = 16 * (depth + 2) * double(sizes.size()) * UNIT<T>;
            for (std::size_t t = 0; t < sizes.size(); ++t)
                for (std::int64_t r = 0; r < sizes[t]; ++r) {
                    const std::int64_t at = steps.offsets[t] + r;
                    for (int j = 0; j < width; ++j) {
                        E& sum = s[r * width + j];
                        sum += a[j];
                        for (int k = 0; k < depth; ++k) sum += E(x[at * depth + k]) * A[k * width + j];
                    }
                    for (int j = 0; j < outputs + PAD; ++j) {
                        E z = j < outputs ? E(0) : E(GUARD);
                        for (int k = 0; k < width && j < outputs; ++k)
                            z += s[r * width + k] * C[k * outputs + j];
                        const T got = laid.memory[z_at][at * (outputs + PAD) + j];
                        CHECK(std::fabs(got - z) <= width * bound, "%s depth %d, %d threads, row %d: %g, right %g",
                              TYPE<T>, depth, threads, int(at), double(got), double(z));
                    }
                }
        }
}

template <class T>
void check_packing() {
    for (const Matrix shape : {Matrix{1, 1}, Matrix{7, 65}, Matrix{33, 300}}) {
        const auto matrix = Numbers(3).several<T>(shape.rows * shape.columns, -1, 1);
        const auto alone = packed(matrix, shape, 1);
        for (int threads = 2; threads <= 4; ++threads)
            CHECK(packed(matrix, shape, threads) == alone, "%s packed by %d threads", TYPE<T>, threads);
    }
}

unsigned control() {
#if defined(__SSE__)
    return _mm_getcsr();
#else
    return unsigned(std::fegetround());
#endif
}

template <class T>
bool flushed() {
    volatile T smallest = std::numeric_limits<T>::denorm_min();
    const volatile T doubled = smallest + smallest;
    return doubled == T(0);
}

// Numbers below the smallest normal one are 0 on all threads of a scan, and what they were after it.
template <class T>
void check_subnormals() {
    constexpr int rows = 8, width = 21;
    struct Made {
        Operation operation;
        T right;
    };
    const Made made[] = {{Operation::add, T(0)}, {Operation::sqrt, T(0)}, {Operation::exp, T(1)},
                         {Operation::sigmoid, T(0.5)}, {Operation::log, -std::numeric_limits<T>::infinity()}};
    const Steps steps({rows});
    for (const auto& [operation, right] : made) {
        Laid<T> laid;
        const T subnormal = std::numeric_limits<T>::min() / 2;
        const auto from = laid.buffer(Kind::sequence, width, std::vector<T>(rows * width, subnormal));
        const auto to = laid.buffer(Kind::sequence, width, std::vector<T>(rows * width, T(GUARD)));
        const auto zero = laid.buffer(Kind::fixed, 1, {T(0)});
        laid.add(operation, width, {to, 0}, {{from, 0}, {zero, 0}}, operation == Operation::add ? 2 : 0);
        laid.end_group();
        for (int threads = 1; threads <= 3; ++threads) {
            std::fesetround(FE_DOWNWARD);
            const unsigned before = control();
            scan<T>({laid.scan(steps, false, false)}, threads);
            const unsigned after = control();
            std::fesetround(FE_TONEAREST);
            CHECK(before == after, "%s: control state %x before, %x after", TYPE<T>, before, after);
            CHECK(!flushed<T>(), "%s: subnormal numbers are 0 after a scan", TYPE<T>);
#if defined(_OPENMP)
            bool stayed = false;  // in the threads that the next call finds
#pragma omp parallel num_threads(threads) reduction(|| : stayed)
            stayed = flushed<T>();
            CHECK(!stayed, "%s: subnormal numbers are 0 in a thread after a scan", TYPE<T>);
#endif
            const auto& result = laid.memory[to];
            const bool all = std::all_of(result.begin(), result.end(),
                                         [r = right](T y) { return y == r || (r != 0 && units(y, r) <= 4); });
            CHECK(all, "%s: operation %d of a subnormal number gives %g, right %g", TYPE<T>, int(operation),
                  double(result[0]), double(right));
        }
    }
}

template <class T>
void check() {
    for (const int hidden : {1, 5, 33}) check_lstm<T>(hidden, hidden == 5 ? 70 : 3);
    for (const int depth : {1, 17, 700})  // the last with more rows than stay near at once
        for (const auto& sizes : batches()) check_all_at_once<T>(depth, sizes);
    check_packing<T>();
    check_subnormals<T>();
}

}  // namespace

void check_scan() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
