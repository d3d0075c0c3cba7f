// What the library exports for one instruction set, by the type of numbers, as Python calls it.
#pragma once

#include <vector>

#include "program.h"

#define NAME_(what, isa) throughtime_##what##_##isa
#define NAME(what, isa) NAME_(what, isa)

extern "C" {
int NAME(scan_float, ISA)(const throughtime::Scan*, int, int);
int NAME(scan_double, ISA)(const throughtime::Scan*, int, int);
int NAME(outer_float, ISA)(const throughtime::Outer*, int, int);
int NAME(outer_double, ISA)(const throughtime::Outer*, int, int);
int NAME(softmax_loss_float, ISA)(const throughtime::SoftmaxLoss*, int);
int NAME(softmax_loss_double, ISA)(const throughtime::SoftmaxLoss*, int);
int NAME(best_words_float, ISA)(const throughtime::BestWords*, int);
int NAME(best_words_double, ISA)(const throughtime::BestWords*, int);
int NAME(best_of_sums_float, ISA)(const throughtime::BestWords*, const throughtime::SummedScores*, int);
int NAME(best_of_sums_double, ISA)(const throughtime::BestWords*, const throughtime::SummedScores*, int);
int NAME(rows_product_float, ISA)(const throughtime::RowsProduct*, int);
int NAME(rows_product_double, ISA)(const throughtime::RowsProduct*, int);
int NAME(additive_scores_float, ISA)(const throughtime::AdditiveScores*, int);
int NAME(additive_scores_double, ISA)(const throughtime::AdditiveScores*, int);
int NAME(additive_gradients_float, ISA)(const throughtime::AdditiveScores*, int);
int NAME(additive_gradients_double, ISA)(const throughtime::AdditiveScores*, int);
int NAME(pack_float, ISA)(const float*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, float*, int);
int NAME(pack_double, ISA)(const double*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, double*,
                            int);
std::int64_t NAME(packed_size, ISA)(std::int64_t, std::int64_t, int);
}

namespace throughtime {
namespace ISA {

// A matrix (rows, columns) with these strides as the library packs it.
template <class T>
std::vector<T> packed(const std::vector<T>& matrix, std::int64_t row_stride, std::int64_t column_stride, Matrix shape,
                      int threads) {
    std::vector<T> to(NAME(packed_size, ISA)(shape.rows, shape.columns, sizeof(T)));
    const auto pack = [&] {
        if constexpr (sizeof(T) == 4)
            return &NAME(pack_float, ISA);
        else
            return &NAME(pack_double, ISA);
    }();
    pack(matrix.data(), row_stride, column_stride, shape.rows, shape.columns, to.data(), threads);
    return to;
}

// One that lies row by row.
template <class T>
std::vector<T> packed(const std::vector<T>& matrix, Matrix shape, int threads) {
    return packed(matrix, shape.columns, 1, shape, threads);
}

}  // namespace ISA
}  // namespace throughtime
