// The scan: a program of row operations run over time, compiled once for each instruction set (ISA).
#include "additive.h"
#include "best.h"
#include "digest.h"
#include "export.h"
#include "outer.h"
#include "rowops.h"
#include "softmax.h"
#include "threads.h"

#include <memory>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace throughtime {
namespace ISA {
namespace {

// Numbers below the smallest normal one count as 0 while it exists; the process's mode is restored afterwards.
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

// Bytes of the rows of a product of all steps that stay in the second-level cache while all panels are used.
constexpr std::int64_t NEAR_BYTES = 1 << 17;

// What the threads of a call share of one scan.
struct Team {
    explicit Team(int threads) : threads(threads), ahead(threads), behind(threads) {}

    const int threads;
    Barrier barrier;
    std::vector<Tasks> ahead, behind;  // for each share of the columns, see all_at_once
    Tasks rows;
};

// A scan as one of its threads runs it: some rows over all steps, or its part of each piece of work.
template <class T>
class Runner {
  public:
    Runner(const Scan& scan, Team& team, Worker worker)
        : scan_(scan), team_(team), worker_(worker), tile_(scratch<T>(scan.tile_width * scan.tile_rows)) {}

    void run() {
        all_at_once(0, scan_.ahead, team_.ahead);
        if (scan_.shared_products)
            for (std::int64_t k = 0; k < scan_.steps && meets_; ++k) shared_step(time(k));
        else
            blocks_of_rows();
        if (meets_) all_at_once(scan_.group_count - scan_.behind, scan_.group_count, team_.behind);
    }

  private:
    // Rows of a step that are processed together.
    struct Share {
        std::int64_t first, apart, rows;
    };

    std::int64_t time(std::int64_t k) const { return scan_.backwards ? scan_.steps - 1 - k : k; }

    // Products of the rows of all steps, by parts of the columns; each thread begins with its own.
    void all_at_once(std::int64_t first_group, std::int64_t last_group, std::vector<Tasks>& shares) {
        if (first_group == last_group || scan_.steps == 0) return;
        const std::int64_t rows = scan_.offsets[scan_.steps - 1] + scan_.sizes[scan_.steps - 1];
        std::int64_t widest = 1;
        const auto each = [&](const auto& work) {
            for (std::int32_t k = begin_of(first_group); k < begin_of(last_group); ++k) work(scan_.instructions[k]);
        };
        each([&](const Instruction& one) { widest = std::max(widest, scan_.matrices[one.matrix].rows); });
        const std::int64_t bytes = widest * std::int64_t(sizeof(T));
        const std::int64_t near = std::max<std::int64_t>(BLOCK_ROWS, NEAR_BYTES / bytes / BLOCK_ROWS * BLOCK_ROWS);
        const std::int64_t count = std::int64_t(shares.size());
        for (std::int64_t s = 0; s < count; ++s) {
            const std::int64_t share = (worker_.number + s) % count;
            shares[share].run((rows + near - 1) / near, worker_, [&](std::int64_t k) {
                each([&](const Instruction& one) {
                    product(one, 0, {k * near, 1, std::min(near, rows - k * near)}, share, count);
                });
            });
        }
    }

    std::int32_t begin_of(std::int64_t group) const { return group ? scan_.groups[group - 1] : 0; }

    // Blocks of rows, those of the longest sequences first, each over all steps by one thread. There are as many blocks
    // side by side as threads, with interleaved rows, so that long sequences are distributed evenly.
    void blocks_of_rows() {
        const std::int64_t batch = scan_.steps ? scan_.sizes[0] : 0;  // no step has more rows than the first
        const std::int64_t lanes = team_.threads, most = scan_.rows_at_once * lanes;
        const std::int64_t deep = (batch + most - 1) / most, blocks = deep * lanes;
        const auto rows_of = [lanes](std::int64_t size, std::int64_t lane) { return (size - lane + lanes - 1) / lanes; };
        const auto block = [&](std::int64_t b) {
            const std::int64_t lane = b % lanes, mine = rows_of(batch, lane);
            const std::int64_t begin = mine * (b / lanes) / deep, end = mine * (b / lanes + 1) / deep;
            for (std::int64_t k = 0; k < scan_.steps && !worker_.given_up(); ++k) {
                const std::int64_t t = time(k);
                const std::int64_t there = std::min(end, rows_of(scan_.sizes[t], lane));
                const Share share = {lane + begin * lanes, lanes, there - begin};
                if (share.rows > 0) groups([&](const Instruction* from, const Instruction* to) {
                    if (from->operation == Operation::product)
                        for (; from != to; ++from) product(*from, t, share, 0, 1);
                    else
                        this->rows(from, to, t, share);
                });
            }
        };
        if (scan_.behind)
            team_.rows.run(blocks, worker_, block);
        else
            team_.rows.take(blocks, worker_, block);
    }

    // A step whose products' columns are shared among the threads, which synchronise after each group of instructions.
    void shared_step(std::int64_t t) {
        const std::int64_t size = scan_.sizes[t];
        if (worker_.given_up()) {
            meets_ = false;
            team_.barrier.leave();
        }
        groups([&](const Instruction* from, const Instruction* to) {
            if (!meets_) return;
            if (from->operation == Operation::product)
                for (; from != to; ++from) product(*from, t, {0, 1, size}, worker_.number, worker_.count);
            else
                rows(from, to, t,
                     {worker_.number, worker_.count, (size - worker_.number + worker_.count - 1) / worker_.count});
            meets_ = team_.barrier.wait(worker_) && !worker_.call->given_up();
        });
    }

    template <class Work>
    void groups(const Work& work) const {
        for (std::int64_t g = scan_.ahead; g < scan_.group_count - scan_.behind; ++g)
            work(scan_.instructions + begin_of(g), scan_.instructions + begin_of(g + 1));
    }

    // Part `share` of `shares` of the product's columns.
    void product(const Instruction& instruction, std::int64_t t, Share rows, std::int64_t share,
                 std::int64_t shares) const {
        const Matrix& matrix = scan_.matrices[instruction.matrix];
        const auto* packed = static_cast<const T*>(scan_.packed[instruction.matrix]);
        const Product<T> work = {place(instruction.operands[0], t, rows),
                                 written(instruction.to, t, rows),
                                 {place(instruction.operands[1], t, rows),
                                  place(instruction.operands[2], t, rows)},
                                 packed,
                                 matrix.rows,
                                 matrix.columns};
        const std::int64_t panels = panel_count(matrix.columns, PANEL<T>);
        multiply(work, rows.rows, panels * share / shares, panels * (share + 1) / shares);
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
    Team& team_;
    Worker worker_;
    T* tile_;
    bool meets_ = true;  // false once this thread is to leave a shared scan
};

// Multiplications of the products of a scan.
inline double multiplications(const Scan& scan) {
    if (scan.steps == 0) return 0;
    double each = 0;
    for (std::int32_t k = 0; k < scan.groups[scan.group_count - 1]; ++k)
        if (scan.instructions[k].matrix >= 0) {
            const Matrix& matrix = scan.matrices[scan.instructions[k].matrix];
            each += double(matrix.rows) * matrix.columns;
        }
    return each * double(scan.offsets[scan.steps - 1] + scan.sizes[scan.steps - 1]);
}

// Runs the scans side by side, each on its share of the threads. Threads that have finished their own help with others,
// except for scans whose products' columns are shared, which have a fixed team each.
template <class T>
bool run(const Scan* scans, int count, int threads) {
    double work = 0;
    bool shared = false;
    for (int k = 0; k < count; ++k) {
        work += multiplications(scans[k]);
        shared = shared || scans[k].shared_products;
    }
    threads = shared && host::busy() ? 1 : team(threads, work);
    const int each = std::max(1, threads / count);
    std::vector<std::unique_ptr<Team>> teams;
    for (int k = 0; k < count; ++k) teams.push_back(std::make_unique<Team>(each));
    return on_threads(shared ? std::min(threads, each * count) : threads, [&](const Worker& worker) {
        const FlushedSubnormals flushed;
        if (!shared) {
            for (int k = 0; k < count; ++k) {
                const int scan = (worker.number / each + k) % count;
                Runner<T>(scans[scan], *teams[scan], {worker.number, worker.count, worker.call}).run();
            }
            return;
        }
        const int there = std::max(1, worker.count / count);
        for (int k = worker.number / there; k < count && worker.number < there * count; k += worker.count / there)
            Runner<T>(scans[k], *teams[k], {worker.number % there, there, worker.call}).run();
    });
}

template <class T>
bool outer_all(const Outer* outers, int count, int threads) {
    std::vector<OuterSum<T>> sums(outers, outers + count);
    double work = 0;
    for (const auto& sum : sums) work += sum.multiplications();
    threads = team(threads, work);
    const std::int64_t each = pieces(threads);
    return on_threads(threads, each * count, [&](const Worker& worker, std::int64_t k) {
        const FlushedSubnormals flushed;
        sums[k / each].add_up(k % each, each, worker);
    });
}

template <class T>
bool sum_columns(const T* d, std::int64_t rows, std::int64_t columns, T* to, int threads) {
    threads = team(threads, double(rows) * columns);
    const std::int64_t vectors = (columns + LANES<T> - 1) / LANES<T>;
    return on_threads(threads, threads, [&](const Worker&, std::int64_t k) {
        const std::int64_t begin = vectors * k / threads * LANES<T>, end = vectors * (k + 1) / threads * LANES<T>;
        column_sums(d, rows, columns, begin, std::min(end, columns), to);
    });
}

template <class T>
bool softmax_loss(const SoftmaxLoss& loss, int threads) {
    SoftmaxRunner<T> runner(loss, pieces(threads));
    return on_threads(threads, [&](const Worker& worker) {
        const FlushedSubnormals flushed;
        runner.run(worker);
    });
}

template <class T, class Scores>
bool best_words(const BestWords& best, Scores scores, int threads) {
    const std::int64_t rows = best.rows;
    const int most = int(std::min<std::int64_t>(threads, std::max<std::int64_t>(1, rows)));
    threads = team(most, double(rows) * best.words * best.width);
    const std::int64_t count = std::min(pieces(threads), std::max<std::int64_t>(1, rows));
    return on_threads(threads, count, [&](const Worker& worker, std::int64_t k) {
        const FlushedSubnormals flushed;
        BestRunner<T, Scores>(best, scores).run(rows * k / count, rows * (k + 1) / count, worker);
    });
}

// Threads share the rows, or the columns where rows are too few for them.
template <class T>
bool rows_product(const RowsProduct& given, int threads) {
    const Product<T> product = {{static_cast<const T*>(given.v), given.depth},
                                {static_cast<T*>(given.to), given.columns},
                                {{static_cast<const T*>(given.bias), 0}, {nullptr, 0}},
                                static_cast<const T*>(given.packed),
                                given.depth,
                                given.columns};
    const std::int64_t panels = panel_count(given.columns, PANEL<T>);
    threads = team(threads, double(given.rows) * given.depth * given.columns);
    const std::int64_t count = pieces(threads);
    return on_threads(threads, count, [&](const Worker&, std::int64_t k) {
        const FlushedSubnormals flushed;
        if (given.rows < BLOCK_ROWS * count)
            return multiply(product, given.rows, panels * k / count, panels * (k + 1) / count);
        const std::int64_t begin = given.rows * k / count, end = given.rows * (k + 1) / count;
        Product<T> own = product;
        own.v.first = product.v.row(begin);
        own.to.first = product.to.row(begin);
        multiply(own, end - begin, 0, panels);
    });
}

template <class T>
bool additive_scores(const AdditiveScores& given, int threads) {
    const std::int64_t rows = given.batch * given.steps, count = pieces(threads);
    return on_threads(threads, count, [&](const Worker&, std::int64_t k) {
        const FlushedSubnormals flushed;
        additive_rows<T>(given, rows * k / count, rows * (k + 1) / count);
    });
}

template <class T>
bool additive_gradients(const AdditiveScores& given, int threads) {
    return on_threads(threads, additive_vectors<T>(given), [&](const Worker&, std::int64_t k) {
        const FlushedSubnormals flushed;
        additive_columns<T>(given, k);
    });
}

template <class T>
bool pack_all(const T* from, std::int64_t row_stride, std::int64_t column_stride, std::int64_t rows,
              std::int64_t columns, T* packed, int threads) {
    const std::int64_t panels = panel_count(columns, PANEL<T>);
    threads = host::busy() ? 1 : threads;
    return on_threads(threads, threads, [&](const Worker&, std::int64_t k) {
        pack<T>({from, row_stride, column_stride}, rows, columns, panels * k / threads, panels * (k + 1) / threads,
                packed);
    });
}

}  // namespace
}  // namespace ISA
}  // namespace throughtime

#define NAME_(what, isa) throughtime_##what##_##isa
#define NAME(what, isa) NAME_(what, isa)

extern "C" {

// Each returns whether the call was aborted, because a signal handler has raised: see throughtime_raised.
EXPORT int NAME(scan_float, ISA)(const throughtime::Scan* scans, int count, int threads) {
    return throughtime::ISA::run<float>(scans, count, threads);
}

EXPORT int NAME(scan_double, ISA)(const throughtime::Scan* scans, int count, int threads) {
    return throughtime::ISA::run<double>(scans, count, threads);
}

EXPORT int NAME(pack_float, ISA)(const float* from, std::int64_t row_stride, std::int64_t column_stride,
                           std::int64_t rows, std::int64_t columns, float* packed, int threads) {
    return throughtime::ISA::pack_all<float>(from, row_stride, column_stride, rows, columns, packed, threads);
}

EXPORT int NAME(pack_double, ISA)(const double* from, std::int64_t row_stride, std::int64_t column_stride,
                            std::int64_t rows, std::int64_t columns, double* packed, int threads) {
    return throughtime::ISA::pack_all<double>(from, row_stride, column_stride, rows, columns, packed, threads);
}

EXPORT int NAME(outer_float, ISA)(const throughtime::Outer* outers, int count, int threads) {
    return throughtime::ISA::outer_all<float>(outers, count, threads);
}

EXPORT int NAME(outer_double, ISA)(const throughtime::Outer* outers, int count, int threads) {
    return throughtime::ISA::outer_all<double>(outers, count, threads);
}

EXPORT int NAME(column_sums_float, ISA)(const float* d, std::int64_t rows, std::int64_t columns, float* to,
                                        int threads) {
    return throughtime::ISA::sum_columns<float>(d, rows, columns, to, threads);
}

EXPORT int NAME(column_sums_double, ISA)(const double* d, std::int64_t rows, std::int64_t columns, double* to,
                                         int threads) {
    return throughtime::ISA::sum_columns<double>(d, rows, columns, to, threads);
}

EXPORT int NAME(softmax_loss_float, ISA)(const throughtime::SoftmaxLoss* loss, int threads) {
    return throughtime::ISA::softmax_loss<float>(*loss, threads);
}

EXPORT int NAME(softmax_loss_double, ISA)(const throughtime::SoftmaxLoss* loss, int threads) {
    return throughtime::ISA::softmax_loss<double>(*loss, threads);
}

EXPORT int NAME(best_words_float, ISA)(const throughtime::BestWords* best, int threads) {
    return throughtime::ISA::best_words<float>(*best, throughtime::ISA::ProductScores<float>{*best}, threads);
}

EXPORT int NAME(best_words_double, ISA)(const throughtime::BestWords* best, int threads) {
    return throughtime::ISA::best_words<double>(*best, throughtime::ISA::ProductScores<double>{*best}, threads);
}

// As best_words; features, packed and width are ignored.
EXPORT int NAME(best_of_sums_float, ISA)(const throughtime::BestWords* best, const throughtime::SummedScores* given,
                                          int threads) {
    return throughtime::ISA::best_words<float>(*best, throughtime::ISA::ScaledScores<float>{*best, *given}, threads);
}

EXPORT int NAME(best_of_sums_double, ISA)(const throughtime::BestWords* best,
                                           const throughtime::SummedScores* given, int threads) {
    return throughtime::ISA::best_words<double>(*best, throughtime::ISA::ScaledScores<double>{*best, *given}, threads);
}

EXPORT int NAME(rows_product_float, ISA)(const throughtime::RowsProduct* product, int threads) {
    return throughtime::ISA::rows_product<float>(*product, threads);
}

EXPORT int NAME(rows_product_double, ISA)(const throughtime::RowsProduct* product, int threads) {
    return throughtime::ISA::rows_product<double>(*product, threads);
}

EXPORT int NAME(additive_scores_float, ISA)(const throughtime::AdditiveScores* given, int threads) {
    return throughtime::ISA::additive_scores<float>(*given, threads);
}

EXPORT int NAME(additive_scores_double, ISA)(const throughtime::AdditiveScores* given, int threads) {
    return throughtime::ISA::additive_scores<double>(*given, threads);
}

EXPORT int NAME(additive_gradients_float, ISA)(const throughtime::AdditiveScores* given, int threads) {
    return throughtime::ISA::additive_gradients<float>(*given, threads);
}

EXPORT int NAME(additive_gradients_double, ISA)(const throughtime::AdditiveScores* given, int threads) {
    return throughtime::ISA::additive_gradients<double>(*given, threads);
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
