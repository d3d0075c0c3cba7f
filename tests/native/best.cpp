// best.h and products of rows, as Python calls them, against plain loops.
#include <algorithm>
#include <numeric>

#include "check.h"
#include "library.h"

namespace throughtime {
namespace ISA {
namespace {

void run(const BestWords& best, int threads, float) { NAME(best_words_float, ISA)(&best, threads); }
void run(const BestWords& best, int threads, double) { NAME(best_words_double, ISA)(&best, threads); }
void run(const BestWords& best, const SummedScores& given, int threads, float) {
    NAME(best_of_sums_float, ISA)(&best, &given, threads);
}
void run(const BestWords& best, const SummedScores& given, int threads, double) {
    NAME(best_of_sums_double, ISA)(&best, &given, threads);
}
void run(const RowsProduct& product, int threads, float) { NAME(rows_product_float, ISA)(&product, threads); }
void run(const RowsProduct& product, int threads, double) { NAME(rows_product_double, ISA)(&product, threads); }

// Features and weights are whole numbers of at most 3, so that scores are exact and often equal.
template <class T>
struct Case {
    int rows, width, words, count;
    std::vector<T> features, weight, bias;
    std::vector<std::int64_t> barred;
    std::int64_t asked;

    Case(int rows, int width, int words, int count)
        : rows(rows), width(width), words(words), count(count), barred{0, words / 2}, asked(words / 3) {
        Numbers numbers(rows * 1000 + words);
        features = numbers.several<T>(rows * width, -3.49, 3.49);
        weight = numbers.several<T>(words * width, -1.49, 1.49);
        bias = numbers.several<T>(words, -2.49, 2.49);
        for (auto* one : {&features, &weight, &bias})
            for (T& number : *one) number = std::round(number);
    }

    T score(int row, int word) const {
        T sum = bias[word];
        for (int k = 0; k < width; ++k) sum += features[row * width + k] * weight[word * width + k];
        return sum;
    }

    void check(int threads) const {
        const auto packed_weight = packed(weight, 1, width, {width, words}, 1);
        std::vector<T> values(rows * count + 1, T(GUARD)), of_asked(rows + 1, T(GUARD));
        std::vector<std::int64_t> found(rows * count + 1, GUARD);
        const BestWords best = {features.data(), packed_weight.data(), bias.data(), barred.data(), values.data(),
                                found.data(), of_asked.data(), rows, width, words, std::int64_t(barred.size()),
                                count, asked};
        run(best, threads, T());
        check_rows(values, found, of_asked);
        std::fill(values.begin(), values.end() - 1, T(0));
        check_sums(best, threads);
        check_rows(values, found, of_asked);
    }

    // The same scores as sums of whole numbers, whose scales are powers of two with a product of at most 1.
    void check_sums(BestWords best, int threads) const {
        std::vector<std::int32_t> sums(rows * words);
        std::vector<T> row_scales(rows), word_scales(words);
        for (int r = 0; r < rows; ++r)
            for (int v = 0; v < words; ++v) {
                row_scales[r] = r % 2 ? T(0.5) : T(0.25);
                word_scales[v] = v % 3 ? T(2) : T(-1);
                T sum = 0;
                for (int k = 0; k < width; ++k) sum += features[r * width + k] * weight[v * width + k];
                sums[r * words + v] = std::int32_t(sum / (row_scales[r] * word_scales[v]));
            }
        best.features = best.packed = nullptr;
        best.width = 0;
        run(best, SummedScores{sums.data(), row_scales.data(), word_scales.data()}, threads, T());
    }

    void check_rows(std::vector<T>& values, std::vector<std::int64_t>& found, std::vector<T>& of_asked) const {
        for (int r = 0; r < rows; ++r) check_row(r, &values[r * count], &found[r * count], of_asked[r]);
        CHECK(values.back() == GUARD && found.back() == GUARD && of_asked.back() == GUARD, "%s %d rows: written past the end",
              TYPE<T>, rows);
    }

    void check_row(int r, const T* values, const std::int64_t* found, T of_asked) const {
        std::vector<T> z(words);
        for (int v = 0; v < words; ++v) z[v] = score(r, v);
        long double total = 0;
        const T most = *std::max_element(z.begin(), z.end());
        for (T one : z) total += std::exp((long double)(one) - most);
        const long double shift = most + std::log(total);
        const bool lost = std::any_of(z.begin(), z.end(), [](T one) { return std::isnan(one); });
        near(of_asked, lost ? NAN : z[asked] - shift, "asked", r);
        for (auto word : barred) z[word] = -std::numeric_limits<T>::infinity();
        std::vector<int> order(words);
        std::iota(order.begin(), order.end(), 0);
        if (!lost) std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return z[a] > z[b]; });
        for (int k = 0; k < count; ++k) {
            const bool any = k < words && !std::isinf(z[order[k]]);
            near(values[k], lost ? NAN : any ? z[order[k]] - shift : -INFINITY, "value", r);
            if (!lost) CHECK(found[k] == (any ? order[k] : 0), "%s %d words, row %d, place %d", TYPE<T>, words, r, k);
        }
    }

    void near(T got, long double right, const char* what, int row) const {
        const bool same = (std::isnan(got) && std::isnan(right)) || (std::isinf(right) && got == T(right)) ||
                          std::fabs(got - right) <= 200 * UNIT<T> * (1 + std::fabs(right));
        CHECK(same, "%s %d rows, width %d, %d words, %d of them: %s of row %d", TYPE<T>, rows, width, words, count, what,
              row);
    }
};

template <class T>
void check_sizes() {
    for (int threads : {1, 3})
        for (int rows : {1, 7, 130})
            for (int words : {2, 33, 512, 513, 1100})
                for (int count : {1, 6, 40}) Case<T>(rows, 1 + rows % 5, words, count).check(threads);
}

template <class T>
void check_what_is_not_finite() {
    Case<T> one(5, 3, 700, 6);
    one.bias[600] = std::numeric_limits<T>::quiet_NaN();  // in no row a number
    one.check(1);
    Case<T> two(5, 3, 700, 6);
    for (int v = 3; v < 700; ++v) two.bias[v] = -std::numeric_limits<T>::infinity();  // two words are left
    two.check(2);
    Case<T> three(4, 3, 1030, 3);
    for (int v = 0; v < 600; ++v) three.bias[v] = -std::numeric_limits<T>::infinity();  // none at first
    three.check(1);
}

template <class T>
void check_products() {
    for (int threads : {1, 2, 3})
        for (int rows : {0, 1, 5, 40})
            for (int columns : {1, 31, 100}) {
                const int depth = 1 + columns % 7;
                Numbers numbers(rows + columns);
                const auto v = numbers.several<T>(rows * depth, -2, 2), bias = numbers.several<T>(columns, -1, 1);
                const auto matrix = numbers.several<T>(depth * columns, -1, 1);
                const auto packed_matrix = packed(matrix, {depth, columns}, 1);
                std::vector<T> to(rows * columns + 1, T(GUARD));
                run(RowsProduct{v.data(), packed_matrix.data(), threads == 2 ? nullptr : bias.data(), to.data(), rows, depth,
                                columns},
                    threads, T());
                CHECK(to.back() == GUARD, "%s %d rows, %d columns: written past the end", TYPE<T>, rows, columns);
                for (int k = 0; k < rows * columns; ++k) {
                    const int r = k / columns, c = k % columns;
                    long double sum = threads == 2 ? 0 : bias[c];
                    for (int j = 0; j < depth; ++j) sum += (long double)(v[r * depth + j]) * matrix[j * columns + c];
                    CHECK(std::fabs(to[k] - sum) <= 60 * UNIT<T>, "%s %d rows, %d columns: %d", TYPE<T>, rows, columns, k);
                }
            }
}

}  // namespace

void check_best() {
    check_sizes<float>();
    check_sizes<double>();
    check_what_is_not_finite<float>();
    check_what_is_not_finite<double>();
    check_products<float>();
    check_products<double>();
}

}  // namespace ISA
}  // namespace throughtime
