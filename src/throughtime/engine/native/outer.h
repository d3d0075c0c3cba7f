// Outer products summed over rows, which are the gradients of matrices.
#pragma once

#include "product.h"
#include "program.h"
#include "threads.h"

namespace throughtime {
namespace ISA {

// Rows that are summed together: a panel of each factor then stays in the first-level cache.
template <class T>
constexpr std::int64_t OUTER_ROWS = (1 << 14) / (PANEL<T> * sizeof(T));

// Numbers that `rows` rows of a factor with these columns take when packed.
template <class T>
std::int64_t outer_size(std::int64_t columns) {
    return panel_count(columns, PANEL<T>) * PANEL<T> * OUTER_ROWS<T>;
}

// The sum of outer products in independent pieces, runs of the result's panels. Each packs what it reads of both
// factors, those of v by all that use it, a few rows at a time.
template <class T>
class OuterSum {
  public:
    explicit OuterSum(const Outer& outer)
        : outer_(outer),
          across_(panel_count(outer.v_columns, PANEL<T>)),
          panels_(across_ * panel_count(outer.d_columns, PANEL<T>)) {}

    double multiplications() const { return double(outer_.rows) * outer_.d_columns * outer_.v_columns; }

    // Piece k of n.
    void add_up(std::int64_t k, std::int64_t n, const Worker& worker) const {
        const std::int64_t begin = panels_ * k / n, end = panels_ * (k + 1) / n;
        if (begin == end) return;
        T* packed_v = scratch<T>(outer_size<T>(outer_.v_columns) + outer_size<T>(1));
        T* packed_d = packed_v + outer_size<T>(outer_.v_columns);
        for (std::int64_t r = 0; r == 0 || (r < outer_.rows && !worker.given_up()); r += OUTER_ROWS<T>)
            add(r, std::min(OUTER_ROWS<T>, outer_.rows - r), begin, end, packed_v, packed_d);
    }

  private:
    // The part of `rows` rows from `first` on in panels `begin` to before `end`.
    void add(std::int64_t first, std::int64_t rows, std::int64_t begin, std::int64_t end, T* packed_v,
             T* packed_d) const {
        const bool in_one = begin / across_ == (end - 1) / across_;
        const T* v = static_cast<const T*>(outer_.v) + first * outer_.v_columns;
        pack<T>({v, outer_.v_columns, 1}, rows, outer_.v_columns, in_one ? begin % across_ : 0,
                in_one ? (end - 1) % across_ + 1 : across_, packed_v);
        for (std::int64_t at = begin; at < end;) {
            const std::int64_t down = at / across_, stop = std::min(end, (down + 1) * across_);
            panels(first, rows, packed_v, packed_d, down, at % across_, at % across_ + stop - at);
            at = stop;
        }
    }

    // Those of the result that belong to panel `down` of d and, from `begin` to before `end`, those of v.
    void panels(std::int64_t first, std::int64_t rows, const T* packed_v, T* packed_d, std::int64_t down,
                std::int64_t begin, std::int64_t end) const {
        const std::int64_t column = down * PANEL<T>;
        const std::int64_t valid = std::min<std::int64_t>(PANEL<T>, outer_.d_columns - column);
        const T* d = static_cast<const T*>(outer_.d) + first * outer_.d_columns + column;
        pack<T>({d, outer_.d_columns, 1}, rows, valid, 0, 1, packed_d);
        const Rows<T> to = {static_cast<T*>(outer_.to) + column * outer_.v_columns, outer_.v_columns};
        const Rows<const T> before = {first > 0 || outer_.onto ? to.first : nullptr, to.stride};
        const Product<T> product = {{packed_d, PANEL<T>}, to,   {before, {nullptr, 0}},
                                    packed_v,             rows, outer_.v_columns};
        multiply<T, true>(product, valid, begin, end);
    }

    const Outer outer_;
    const std::int64_t across_, panels_;
};

// The sums of the columns from `begin` to before `end` of rows of numbers: blocks of rows are summed in registers, and
// their sums added, so that rounding grows only with the number of blocks.
template <class T>
void column_sums(const T* d, std::int64_t rows, std::int64_t columns, std::int64_t begin, std::int64_t end, T* to) {
    constexpr int L = LANES<T>, V = 4;
    std::fill(to + begin, to + end, T(0));
    for (std::int64_t r = 0; r < rows; r += OUTER_ROWS<T>) {
        const std::int64_t last = std::min(rows, r + OUTER_ROWS<T>);
        std::int64_t c = begin;
        for (; c + V * L <= end; c += V * L) {
            Vector<T> sums[V] = {};
            for (std::int64_t k = r; k < last; ++k)
                for (int j = 0; j < V; ++j) sums[j] += load(d + k * columns + c + j * L);
            for (int j = 0; j < V; ++j) store(to + c + j * L, load(to + c + j * L) + sums[j]);
        }
        for (; c < end; ++c) {
            T sum = 0;
            for (std::int64_t k = r; k < last; ++k) sum += d[k * columns + c];
            to[c] += sum;
        }
    }
}

}  // namespace ISA
}  // namespace throughtime
