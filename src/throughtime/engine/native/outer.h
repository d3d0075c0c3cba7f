// Outer products summed over rows, which is what gradients of matrices are.
#pragma once

#include "product.h"
#include "program.h"
#include "threads.h"

namespace throughtime {
namespace ISA {

// Rows that are added up at once: so many that a panel of each factor stays in the first-level cache.
template <class T>
constexpr std::int64_t OUTER_ROWS = (1 << 14) / (PANEL<T> * sizeof(T));

// Numbers that so many rows of a factor with these columns take when packed.
template <class T>
std::int64_t outer_size(std::int64_t columns) {
    return panel_count(columns, PANEL<T>) * PANEL<T> * OUTER_ROWS<T>;
}

// One of the threads that add up outer products, one after the other. The results' panels are shared among
// them, those of the same columns of d side by side, so that each packs few of d; v is packed by all for all.
template <class T>
class OuterSums {
  public:
    // shared: twice `outer_size` of the widest v, `widest`: while some still read, others pack the next rows.
    OuterSums(Worker worker, T* shared, std::int64_t widest, T* own)
        : worker_(worker), packed_v_{shared, shared + outer_size<T>(widest)}, packed_d_(own) {}

    void add_up(const Outer& outer) {
        for (std::int64_t r = 0; r == 0 || r < outer.rows; r += OUTER_ROWS<T>)
            add(outer, r, std::min(OUTER_ROWS<T>, outer.rows - r));
    }

  private:
    // The share of `rows` rows from `first` on.
    void add(const Outer& outer, std::int64_t first, std::int64_t rows) {
        T* packed_v = packed_v_[turn_++ % 2];
        const std::int64_t across = panel_count(outer.v_columns, PANEL<T>);
        const std::int64_t number = worker_.number, count = worker_.count;
        const T* v = static_cast<const T*>(outer.v) + first * outer.v_columns;
        pack<T>({v, outer.v_columns, 1}, rows, outer.v_columns, across * number / count,
                across * (number + 1) / count, packed_v);
        worker_.barrier->wait(worker_.count);

        const std::int64_t all = across * panel_count(outer.d_columns, PANEL<T>);
        const std::int64_t end = all * (number + 1) / count;
        for (std::int64_t at = all * number / count; at < end;) {
            const std::int64_t down = at / across, stop = std::min(end, (down + 1) * across);
            panels(outer, first, rows, packed_v, down, at % across, at % across + stop - at);
            at = stop;
        }
    }

    // Those of the result that belong to panel `down` of d and, from `begin` to before `end`, those of v.
    void panels(const Outer& outer, std::int64_t first, std::int64_t rows, const T* packed_v, std::int64_t down,
                std::int64_t begin, std::int64_t end) {
        const std::int64_t column = down * PANEL<T>;
        const std::int64_t valid = std::min<std::int64_t>(PANEL<T>, outer.d_columns - column);
        const T* d = static_cast<const T*>(outer.d) + first * outer.d_columns + column;
        pack<T>({d, outer.d_columns, 1}, rows, valid, 0, 1, packed_d_);
        const Rows<T> to = {static_cast<T*>(outer.to) + column * outer.v_columns, outer.v_columns};
        const Rows<const T> before = {first > 0 || outer.onto ? to.first : nullptr, to.stride};
        const Product<T> product = {{packed_d_, PANEL<T>}, to,   {before, {nullptr, 0}},
                                    packed_v,              rows, outer.v_columns};
        multiply<T, true>(product, valid, begin, end);
    }

    Worker worker_;
    T* packed_v_[2];
    T* packed_d_;
    int turn_ = 0;
};

}  // namespace ISA
}  // namespace throughtime
