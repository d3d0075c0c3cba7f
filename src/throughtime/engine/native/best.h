// The most probable words of rows and their log-probabilities: a few words' scores at a time, ranked while they are
// cached; the scores of all words are never stored.
#pragma once

#include "softmax.h"
#include "threads.h"

namespace throughtime {
namespace ISA {

// Rows, and words, whose scores are stored together; they stay in the second-level cache.
constexpr std::int64_t BEST_ROWS = 128, BEST_WORDS = 512;

// Whether a lane of v is above the limit; false if either is NaN.
template <class T>
inline bool any_above(Vector<T> v, T limit) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
        return _mm512_cmp_ps_mask(__m512(v), _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
    else
        return _mm512_cmp_pd_mask(__m512d(v), _mm512_set1_pd(limit), _CMP_GT_OQ) != 0;
#else
    const Bits<T> above = v > splat(limit);
    auto any = above[0];
    for (int k = 1; k < LANES<T>; ++k) any |= above[k];
    return any != 0;
#endif
}

// The `count` largest of a row's numbers so far, largest first, of equal ones the first.
template <class T>
struct Leaders {
    T* values;
    std::int64_t* words;
    std::int64_t count;

    void begin() const {
        std::fill(values, values + count, -std::numeric_limits<T>::infinity());
        std::fill(words, words + count, 0);
    }

    // Numbers of the words from `first` on.
    void look_through(const T* numbers, std::int64_t many, std::int64_t first) const {
        constexpr int L = LANES<T>;
        std::int64_t k = 0;
        for (; k + L <= many; k += L)
            if (any_above(load(numbers + k), values[count - 1]))
                for (int j = 0; j < L; ++j) offer(numbers[k + j], first + k + j);
        for (; k < many; ++k) offer(numbers[k], first + k);
    }

    void offer(T number, std::int64_t word) const {
        if (!(number > values[count - 1])) return;
        std::int64_t place = count - 1;
        for (; place > 0 && number > values[place - 1]; --place) {
            values[place] = values[place - 1];
            words[place] = words[place - 1];
        }
        values[place] = number;
        words[place] = word;
    }
};

// log sum exp of a row's numbers, some at a time.
template <class T>
struct LogSum {
    T most = -std::numeric_limits<T>::infinity();
    double total = 0;  // of exp(number - most)

    void add(const T* numbers, std::int64_t count) {
        constexpr int L = LANES<T>;
        const T largest = largest_of(numbers, count);
        if (largest > most) {
            total *= std::exp(double(most) - double(largest));
            most = largest;
        }
        const T base = most == -std::numeric_limits<T>::infinity() ? T(0) : most;
        Total<T> exponentials;
        std::int64_t k = 0;
        for (; k + L <= count; k += L) exponentials.add(exp<T>(load(numbers + k) - base), L);
        const int rest = int(count - k);
        if (rest) exponentials.add(exp<T>(load_part(numbers + k, rest) - base), rest);
        total += exponentials.sum();
    }

    T value() const { return T(double(most) + std::log(total)); }
};

// Scores of some rows from `row` on and some words from `word` on, BEST_WORDS apart: features times weights ...
template <class T>
struct ProductScores {
    const BestWords& best;

    void operator()(std::int64_t row, std::int64_t rows, std::int64_t word, std::int64_t count, T* scores) const {
        const T* bias = static_cast<const T*>(best.bias);
        const Product<T> product = {{static_cast<const T*>(best.features) + row * best.width, best.width},
                                    {scores, BEST_WORDS},
                                    {{bias ? bias + word : nullptr, 0}, {nullptr, 0}},
                                    static_cast<const T*>(best.packed) + word * best.width,
                                    best.width,
                                    count};
        multiply(product, rows, 0, panel_count(count, PANEL<T>));
    }
};

// ... or sums of integers, to be scaled by row and by word.
template <class T>
struct ScaledScores {
    const BestWords& best;
    const SummedScores& given;

    void operator()(std::int64_t row, std::int64_t rows, std::int64_t word, std::int64_t count, T* scores) const {
        const T* word_scales = static_cast<const T*>(given.word_scales) + word;
        const T* bias = static_cast<const T*>(best.bias);
        for (std::int64_t r = 0; r < rows; ++r, scores += BEST_WORDS) {
            const std::int32_t* sums = given.sums + (row + r) * best.words + word;
            const T scale = static_cast<const T*>(given.row_scales)[row + r];
            for (std::int64_t k = 0; k < count; ++k) scores[k] = T(sums[k]) * (scale * word_scales[k]);
            if (!bias) continue;
            for (std::int64_t k = 0; k < count; ++k) scores[k] += bias[word + k];
        }
    }
};

// One of the threads that find the best words, each for rows of its own.
template <class T, class Scores>
class BestRunner {
  public:
    BestRunner(const BestWords& best, Scores scores) : best_(best), scores_(scores), sums_(BEST_ROWS) {}

    void run(std::int64_t begin, std::int64_t end, const Worker& worker) {
        T* scores = scratch<T>(BEST_ROWS * BEST_WORDS);
        for (std::int64_t r = begin; r < end && !worker.given_up(); r += BEST_ROWS)
            some_rows(r, std::min(BEST_ROWS, end - r), scores);
    }

  private:
    Leaders<T> leaders(std::int64_t row) const {
        return {static_cast<T*>(best_.values) + row * best_.count, best_.found + row * best_.count, best_.count};
    }

    void some_rows(std::int64_t first, std::int64_t rows, T* scores) {
        for (std::int64_t r = 0; r < rows; ++r) {
            leaders(first + r).begin();
            sums_[r] = {};
        }
        for (std::int64_t word = 0; word < best_.words; word += BEST_WORDS) {
            const std::int64_t count = std::min(BEST_WORDS, best_.words - word);
            scores_(first, rows, word, count, scores);
            for (std::int64_t r = 0; r < rows; ++r) take(first + r, sums_[r], scores + r * BEST_WORDS, word, count);
        }
        for (std::int64_t r = 0; r < rows; ++r) finish(first + r, sums_[r].value());
    }

    // The scores of a row for the words from `first` on; they are changed.
    void take(std::int64_t row, LogSum<T>& sum, T* scores, std::int64_t first, std::int64_t count) const {
        sum.add(scores, count);
        const auto there = [&](std::int64_t word) { return word >= first && word < first + count; };
        if (there(best_.asked)) of_asked(row) = scores[best_.asked - first];
        for (std::int64_t k = 0; k < best_.barred_count; ++k)
            if (there(best_.barred[k])) scores[best_.barred[k] - first] = -std::numeric_limits<T>::infinity();
        leaders(row).look_through(scores, count, first);
    }

    void finish(std::int64_t row, T sum) const {
        const Leaders<T> own = leaders(row);
        for (std::int64_t k = 0; k < own.count; ++k) own.values[k] -= sum;
        of_asked(row) -= sum;
    }

    T& of_asked(std::int64_t row) const { return static_cast<T*>(best_.of_asked)[row]; }

    const BestWords& best_;
    Scores scores_;
    std::vector<LogSum<T>> sums_;
};

}  // namespace ISA
}  // namespace throughtime
