// The scan: a program of row operations run over time, compiled once for each instruction set (ISA).
#include "additive.h"
#include "best.h"
#include "digest.h"
#include "export.h"
#include "outer.h"
#include "rowops.h"
#include "softmax.h"
#include "threads.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace throughtime {
namespace ISA {
namespace {

// Numbers below the smallest normal one count as 0 while it lives; what the process had comes back after.
class FlushedSubnormals {
  public:
#if defined(__SSE__)
    FlushedSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~FlushedSubnormals() { _mm_setcsr(before_); }

  private:
    unsigned before_;
#elif defined(__aarch64__)
    FlushedSubnormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(before_ | (1u << 24)));
    }
    ~FlushedSubnormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

  private:
    std::uint64_t before_;
#endif
};

// Few enough that what products leave is still near when row operations come for it.
constexpr std::int64_t ROWS_AT_ONCE = 12;

// Bytes of the rows of a product of all steps that stay in the second-level cache while all panels go by.
constexpr std::int64_t NEAR_BYTES = 1 << 17;

// A scan as one of its threads runs it: rows of its own over all of time, or its share of each piece of work.
template <class T>
class Runner {
  public:
    Runner(const Scan& scan, Worker worker, T* tile) : scan_(scan), worker_(worker), tile_(tile) {}

    void run() {
        all_at_once(0, scan_.ahead);
        for (std::int64_t k = 0; k < scan_.steps; ++k) step(scan_.backwards ? scan_.steps - 1 - k : k);
        all_at_once(scan_.group_count - scan_.behind, scan_.group_count);
    }

  private:
    // Rows of a step that belong to this worker: every count-th one, so that long sequences are shared fairly.
    struct Share {
        std::int64_t first, apart, rows;
    };

    Share own(std::int64_t size) const {
        return {worker_.number, worker_.count, (size - worker_.number + worker_.count - 1) / worker_.count};
    }

    // Products of the rows of all steps, which threads share by columns.
    void all_at_once(std::int64_t first_group, std::int64_t last_group) {
        if (first_group == last_group || scan_.steps == 0) return;
        if (first_group > 0) worker_.barrier->wait(worker_.count);
        const std::int64_t rows = scan_.offsets[scan_.steps - 1] + scan_.sizes[scan_.steps - 1];
        for (std::int32_t k = begin_of(first_group); k < begin_of(last_group); ++k) {
            const Instruction& one = scan_.instructions[k];
            const std::int64_t width = scan_.matrices[one.matrix].rows * std::int64_t(sizeof(T));
            const std::int64_t near = std::max<std::int64_t>(BLOCK_ROWS, NEAR_BYTES / std::max<std::int64_t>(1, width) / BLOCK_ROWS * BLOCK_ROWS);
            for (std::int64_t r = 0; r < rows; r += near)
                product(one, 0, {r, 1, std::min(near, rows - r)}, true);
        }
        if (first_group == 0) worker_.barrier->wait(worker_.count);
    }

    std::int32_t begin_of(std::int64_t group) const { return group ? scan_.groups[group - 1] : 0; }

    void step(std::int64_t t) {
        const std::int64_t size = scan_.sizes[t];
        const Share mine = own(size);
        if (scan_.shared_products) {
            groups(t, {0, 1, size}, mine);
            return;
        }
        const std::int64_t blocks = (mine.rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
        for (std::int64_t b = 0; b < blocks; ++b) {
            const std::int64_t begin = mine.rows * b / blocks, end = mine.rows * (b + 1) / blocks;
            const Share block = {mine.first + begin * mine.apart, mine.apart, end - begin};
            groups(t, block, block);
        }
    }

    void groups(std::int64_t t, Share multiplied, Share worked_on) {
        for (std::int64_t g = scan_.ahead; g < scan_.group_count - scan_.behind; ++g) {
            const Instruction* first = scan_.instructions + begin_of(g);
            const Instruction* last = scan_.instructions + begin_of(g + 1);
            if (first->operation == Operation::product)
                for (; first != last; ++first) product(*first, t, multiplied, scan_.shared_products);
            else
                rows(first, last, t, worked_on);
            if (scan_.shared_products) worker_.barrier->wait(worker_.count);
        }
    }

    void product(const Instruction& instruction, std::int64_t t, Share share, bool shared) const {
        const Matrix& matrix = scan_.matrices[instruction.matrix];
        const auto* packed = static_cast<const T*>(scan_.packed[instruction.matrix]);
        const Product<T> work = {place(instruction.operands[0], t, share),
                                 written(instruction.to, t, share),
                                 {place(instruction.operands[1], t, share),
                                  place(instruction.operands[2], t, share)},
                                 packed,
                                 matrix.rows,
                                 matrix.columns};
        const std::int64_t panels = panel_count(matrix.columns, PANEL<T>);
        if (shared)
            multiply(work, share.rows, panels * worker_.number / worker_.count,
                     panels * (worker_.number + 1) / worker_.count);
        else
            multiply(work, share.rows, 0, panels);
    }

    void rows(const Instruction* first, const Instruction* last, std::int64_t t, Share share) const {
        for (std::int64_t r = 0; r < share.rows; r += scan_.tile_rows) {
            const int count = int(std::min<std::int64_t>(scan_.tile_rows, share.rows - r));
            const Share tile = {share.first + r * share.apart, share.apart, count};
            for (const Instruction* one = first; one != last; ++one) {
                const Tile<T> work = {written(one->to, t, tile),
                                      {place(one->operands[0], t, tile), place(one->operands[1], t, tile),
                                       place(one->operands[2], t, tile)},
                                      count,
                                      one->width};
                row_operation<T>(one->operation, one->splat)(work);
            }
        }
    }

    Rows<const T> place(Operand operand, std::int64_t t, Share share) const {
        if (operand.buffer < 0) return {nullptr, 0};
        const Rows<T> rows = written(operand, t, share);
        return {rows.first, rows.stride};
    }

    Rows<T> written(Operand operand, std::int64_t t, Share share) const {
        const Buffer& buffer = scan_.buffers[operand.buffer];
        if (buffer.kind == Kind::tile)
            return {tile_ + buffer.start * scan_.tile_rows + operand.column, buffer.width};
        T* data = static_cast<T*>(scan_.data[operand.buffer]) + operand.column;
        const std::int64_t apart = share.apart * buffer.width;
        if (buffer.kind == Kind::fixed) return {data, 0};
        const std::int64_t first = buffer.kind == Kind::sequence ? scan_.offsets[t] : 0;
        return {data + (first + share.first) * buffer.width, apart};
    }

    const Scan& scan_;
    Worker worker_;
    T* tile_;
};

// Runs the scans side by side, each on its share of the threads, or one after the other where there are too few.
template <class T>
void run(const Scan* scans, int count, int threads) {
    const int each = std::max(1, threads / count);
    std::array<Barrier, 2> barriers;
    on_threads(std::min(threads, each * count), [&](int number, int there) {
        const FlushedSubnormals flushed;
        const int team = std::max(1, there / count);
        for (int k = number / team; k < count && number < team * count; k += there / team)
            Runner<T>(scans[k], {number % team, team, &barriers[k]},
                      scratch<T>(scans[k].tile_width * scans[k].tile_rows))
                .run();
    });
}

// work(worker, sums) on so many threads, with what adds up outer products as wide as `widest`.
template <class T, class Work>
void with_outer_sums(std::int64_t widest, int threads, const Work& work) {
    const std::int64_t shared = 2 * outer_size<T>(widest), own = outer_size<T>(1);
    T* numbers = scratch<T>(shared + threads * own);
    Barrier barrier;
    on_threads(threads, [&](int number, int there) {
        const FlushedSubnormals flushed;
        const Worker worker = {number, there, &barrier};
        work(worker, OuterSums<T>(worker, numbers, widest, numbers + shared + number * own));
    });
}

template <class T>
void outer_all(const Outer* outers, int count, int threads) {
    std::int64_t widest = 0;
    for (int k = 0; k < count; ++k) widest = std::max(widest, outers[k].v_columns);
    with_outer_sums<T>(widest, threads, [&](Worker, OuterSums<T> sums) {
        for (int k = 0; k < count; ++k) sums.add_up(outers[k]);
    });
}

template <class T>
void softmax_loss(const SoftmaxLoss& loss, int threads) {
    with_outer_sums<T>(loss.width, threads, [&](Worker worker, OuterSums<T> sums) {
        SoftmaxRunner<T>(loss, worker, sums).run();
    });
}

template <class T, class Scores>
void best_words(const BestWords& best, Scores scores, int threads) {
    const auto team = std::min<std::int64_t>(threads, std::max<std::int64_t>(1, best.rows));
    on_threads(int(team), [&](std::int64_t k, std::int64_t n) {
        const FlushedSubnormals flushed;
        BestRunner<T, Scores>(best, scores).run(best.rows * k / n, best.rows * (k + 1) / n);
    });
}

// Threads share the rows, or the columns where rows are too few for them.
template <class T>
void rows_product(const RowsProduct& given, int threads) {
    const Product<T> product = {{static_cast<const T*>(given.v), given.depth},
                                {static_cast<T*>(given.to), given.columns},
                                {{static_cast<const T*>(given.bias), 0}, {nullptr, 0}},
                                static_cast<const T*>(given.packed),
                                given.depth,
                                given.columns};
    const std::int64_t panels = panel_count(given.columns, PANEL<T>);
    on_threads(threads, [&](std::int64_t k, std::int64_t n) {
        const FlushedSubnormals flushed;
        if (given.rows < BLOCK_ROWS * n) return multiply(product, given.rows, panels * k / n, panels * (k + 1) / n);
        const std::int64_t begin = given.rows * k / n, end = given.rows * (k + 1) / n;
        Product<T> own = product;
        own.v.first = product.v.row(begin);
        own.to.first = product.to.row(begin);
        multiply(own, end - begin, 0, panels);
    });
}

template <class T>
void additive_scores(const AdditiveScores& given, int threads) {
    on_threads(threads, [&](std::int64_t k, std::int64_t n) {
        const FlushedSubnormals flushed;
        const std::int64_t rows = given.batch * given.steps;
        additive_rows<T>(given, rows * k / n, rows * (k + 1) / n);
    });
}

template <class T>
void additive_gradients(const AdditiveScores& given, int threads) {
    on_threads(threads, [&](std::int64_t k, std::int64_t n) {
        const FlushedSubnormals flushed;
        additive_columns<T>(given, k, n);
    });
}

template <class T>
void pack_all(const T* from, std::int64_t row_stride, std::int64_t column_stride, std::int64_t rows,
              std::int64_t columns, T* packed, int threads) {
    const std::int64_t panels = panel_count(columns, PANEL<T>);
    on_threads(threads, [&](std::int64_t k, std::int64_t n) {
        pack<T>({from, row_stride, column_stride}, rows, columns, panels * k / n, panels * (k + 1) / n,
                packed);
    });
}

}  // namespace
}  // namespace ISA
}  // namespace throughtime

#define NAME_(what, isa) throughtime_##what##_##isa
#define NAME(what, isa) NAME_(what, isa)

extern "C" {

EXPORT void NAME(scan_float, ISA)(const throughtime::Scan* scans, int count, int threads) {
    throughtime::ISA::run<float>(scans, count, threads);
}

EXPORT void NAME(scan_double, ISA)(const throughtime::Scan* scans, int count, int threads) {
    throughtime::ISA::run<double>(scans, count, threads);
}

EXPORT void NAME(pack_float, ISA)(const float* from, std::int64_t row_stride, std::int64_t column_stride,
                           std::int64_t rows, std::int64_t columns, float* packed, int threads) {
    throughtime::ISA::pack_all<float>(from, row_stride, column_stride, rows, columns, packed, threads);
}

EXPORT void NAME(pack_double, ISA)(const double* from, std::int64_t row_stride, std::int64_t column_stride,
                            std::int64_t rows, std::int64_t columns, double* packed, int threads) {
    throughtime::ISA::pack_all<double>(from, row_stride, column_stride, rows, columns, packed, threads);
}

EXPORT void NAME(outer_float, ISA)(const throughtime::Outer* outers, int count, int threads) {
    throughtime::ISA::outer_all<float>(outers, count, threads);
}

EXPORT void NAME(outer_double, ISA)(const throughtime::Outer* outers, int count, int threads) {
    throughtime::ISA::outer_all<double>(outers, count, threads);
}

EXPORT void NAME(softmax_loss_float, ISA)(const throughtime::SoftmaxLoss* loss, int threads) {
    throughtime::ISA::softmax_loss<float>(*loss, threads);
}

EXPORT void NAME(softmax_loss_double, ISA)(const throughtime::SoftmaxLoss* loss, int threads) {
    throughtime::ISA::softmax_loss<double>(*loss, threads);
}

EXPORT void NAME(best_words_float, ISA)(const throughtime::BestWords* best, int threads) {
    throughtime::ISA::best_words<float>(*best, throughtime::ISA::ProductScores<float>{*best}, threads);
}

EXPORT void NAME(best_words_double, ISA)(const throughtime::BestWords* best, int threads) {
    throughtime::ISA::best_words<double>(*best, throughtime::ISA::ProductScores<double>{*best}, threads);
}

// As best_words; features, packed and width are not looked at.
EXPORT void NAME(best_of_sums_float, ISA)(const throughtime::BestWords* best, const throughtime::SummedScores* given,
                                          int threads) {
    throughtime::ISA::best_words<float>(*best, throughtime::ISA::ScaledScores<float>{*best, *given}, threads);
}

EXPORT void NAME(best_of_sums_double, ISA)(const throughtime::BestWords* best,
                                           const throughtime::SummedScores* given, int threads) {
    throughtime::ISA::best_words<double>(*best, throughtime::ISA::ScaledScores<double>{*best, *given}, threads);
}

EXPORT void NAME(rows_product_float, ISA)(const throughtime::RowsProduct* product, int threads) {
    throughtime::ISA::rows_product<float>(*product, threads);
}

EXPORT void NAME(rows_product_double, ISA)(const throughtime::RowsProduct* product, int threads) {
    throughtime::ISA::rows_product<double>(*product, threads);
}

EXPORT void NAME(additive_scores_float, ISA)(const throughtime::AdditiveScores* given, int threads) {
    throughtime::ISA::additive_scores<float>(*given, threads);
}

EXPORT void NAME(additive_scores_double, ISA)(const throughtime::AdditiveScores* given, int threads) {
    throughtime::ISA::additive_scores<double>(*given, threads);
}

EXPORT void NAME(additive_gradients_float, ISA)(const throughtime::AdditiveScores* given, int threads) {
    throughtime::ISA::additive_gradients<float>(*given, threads);
}

EXPORT void NAME(additive_gradients_double, ISA)(const throughtime::AdditiveScores* given, int threads) {
    throughtime::ISA::additive_gradients<double>(*given, threads);
}

EXPORT std::uint64_t NAME(digest, ISA)(const char* const* pieces, const std::int64_t* sizes, std::int64_t count,
                                       int threads) {
    return throughtime::ISA::digest(pieces, sizes, count, threads);
}

// Numbers that a packed matrix takes.
EXPORT std::int64_t NAME(packed_size, ISA)(std::int64_t rows, std::int64_t columns, int bytes) {
    const int panel = throughtime::ISA::PANEL_VECTORS * throughtime::ISA::VECTOR_BYTES / bytes;
    return throughtime::ISA::panel_count(columns, panel) * panel * rows;
}
}
