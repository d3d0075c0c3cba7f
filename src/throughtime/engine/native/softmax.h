// Cross-entropy of a softmax over many words with its gradients, a few rows at a time: the scores of all rows
// are never stored together.
#pragma once

#include "functions.h"
#include "outer.h"

namespace throughtime {
namespace ISA {

// f(v, count) of each vector of numbers in a row, which becomes what f makes of it; the last may have fewer.
template <class T, class F>
void each_vector(T* numbers, std::int64_t count, const F& f) {
    constexpr int L = LANES<T>;
    std::int64_t k = 0;
    for (; k + L <= count; k += L) store(numbers + k, f(load(numbers + k), L));
    const int rest = int(count - k);
    if (rest) store_part(numbers + k, f(load_part(numbers + k, rest), rest), rest);
}

// A sum over many numbers: lanes take several vectors before their sum is added to a double.
template <class T>
class Total {
  public:
    void add(Vector<T> v, int count) {
        for (int k = count; k < LANES<T>; ++k) v[k] = 0;
        lanes_ += v;
        if (++taken_ % 64 == 0) collect();
    }

    double sum() {
        collect();
        return sum_;
    }

  private:
    void collect() {
        for (int k = 0; k < LANES<T>; ++k) sum_ += lanes_[k];
        lanes_ = Vector<T>{};
    }

    Vector<T> lanes_{};
    double sum_ = 0;
    unsigned taken_ = 0;
};

template <class T>
T largest_of(const T* numbers, std::int64_t count) {
    constexpr int L = LANES<T>;
    Vector<T> most = splat<T>(-std::numeric_limits<T>::infinity());
    std::int64_t k = 0;
    for (; k + L <= count; k += L) {
        const Vector<T> v = load(numbers + k);
        most = v > most ? v : most;
    }
    T largest = most[0];
    for (int j = 1; j < L; ++j) largest = std::max(largest, most[j]);
    for (; k < count; ++k) largest = std::max(largest, numbers[k]);
    return largest;
}

// The loss of a row with scores z, which are replaced by their gradients:
//   loss = log sum_v exp z_v - (1 - e) z_target - e / V sum_v z_v
//   dz_v = exp(z_v - log sum_u exp z_u) - (1 - e) [v = target] - e / V
template <class T>
T row_loss(T* z, std::int64_t words, std::int64_t target, T smoothing) {
    const T largest = largest_of(z, words), of_target = z[target], share = smoothing / T(words);
    Total<T> exponentials, scores;
    each_vector(z, words, [&](Vector<T> v, int count) {
        if (smoothing > 0) scores.add(v, count);
        const Vector<T> e = exp<T>(v - largest);
        exponentials.add(e, count);
        return e;
    });
    const double total = exponentials.sum();
    const T scale = T(1 / total);
    each_vector(z, words, [&](Vector<T> v, int) { return v * scale - share; });
    z[target] -= T(1) - smoothing;
    return T(largest + std::log(total) - double(T(1) - smoothing) * of_target - double(share) * scores.sum());
}

// log sum_v exp z_v, and sum_v z_v, of a row's scores.
template <class T>
struct RowSums {
    T log_sum;
    double scores;

    RowSums(const T* z, std::int64_t words) {
        constexpr int L = LANES<T>;
        const T largest = largest_of(z, words);
        Total<T> exponentials, all;
        const auto take = [&](Vector<T> v, int count) {
            all.add(v, count);
            exponentials.add(exp<T>(v - largest), count);
        };
        std::int64_t k = 0;
        for (; k + L <= words; k += L) take(load(z + k), L);
        const int rest = int(words - k);
        if (rest) take(load_part(z + k, rest), rest);
        log_sum = T(largest + std::log(exponentials.sum()));
        scores = all.sum();
    }
};

// f(v, w, count) of each two vectors at the same places of two rows.
template <class T, class F>
void each_two(T* one, T* other, std::int64_t count, const F& f) {
    constexpr int L = LANES<T>;
    std::int64_t k = 0;
    for (; k + L <= count; k += L) {
        Vector<T> v = load(one + k), w = load(other + k);
        if (f(v, w, L)) {
            store(one + k, v);
            store(other + k, w);
        }
    }
    const int rest = int(count - k);
    if (!rest) return;
    Vector<T> v = load_part(one + k, rest), w = load_part(other + k, rest);
    if (f(v, w, rest)) {
        store_part(one + k, v, rest);
        store_part(other + k, w, rest);
    }
}

// The loss of two rows for one target, p and q the softmax of their scores, which are replaced by their gradients:
//   loss = (row_loss of p + row_loss of q) / 2 + c / 2 (KL(p | q) + KL(q | p)) / 2
//   d KL(p | q) by the scores of p: p (log p - log q - KL(p | q)); d KL(q | p) by them: p - q
template <class T>
T pair_loss(T* one, T* other, std::int64_t words, std::int64_t target, T smoothing, T consistency) {
    const RowSums<T> sums(one, words), sums_other(other, words);
    const T shift = sums.log_sum, shift_other = sums_other.log_sum, share = smoothing / T(words);
    const double of_target = double(one[target]) + double(other[target]);
    Total<T> kl, kl_other;
    each_two(one, other, words, [&](Vector<T>& v, Vector<T>& w, int count) {
        const Vector<T> apart = (v - shift) - (w - shift_other);
        kl.add(exp<T>(v - shift) * apart, count);
        kl_other.add(exp<T>(w - shift_other) * -apart, count);
        return false;
    });
    const double divergence = kl.sum(), divergence_other = kl_other.sum();
    const T half = T(0.5), weight = consistency * half, mean = T(divergence), mean_other = T(divergence_other);
    each_two(one, other, words, [&](Vector<T>& v, Vector<T>& w, int) {
        const Vector<T> apart = (v - shift) - (w - shift_other), p = exp<T>(v - shift), q = exp<T>(w - shift_other);
        v = half * (p - share + weight * (p * (apart - mean) + p - q));
        w = half * (q - share + weight * (q * (-apart - mean_other) + q - p));
        return true;
    });
    one[target] -= half * (T(1) - smoothing);
    other[target] -= half * (T(1) - smoothing);
    const double both = double(shift) + double(shift_other) - double(T(1) - smoothing) * of_target -
                        double(share) * (sums.scores + sums_other.scores);
    return T(0.5 * both + 0.25 * double(consistency) * (divergence + divergence_other));
}

// A row's scores z become log softmax(z).
template <class T>
void row_log_softmax(T* z, std::int64_t words) {
    const T largest = largest_of(z, words);
    Total<T> exponentials;
    each_vector(z, words, [&](Vector<T> v, int count) {
        exponentials.add(exp<T>(v - largest), count);
        return v;
    });
    const T shift = T(largest + std::log(exponentials.sum()));
    each_vector(z, words, [&](Vector<T> v, int) { return v - shift; });
}

// The loss of a few rows at a time: their scores and the features' gradients, then what they add to those of the
// weights. Each is cut into the same number of pieces.
template <class T>
class SoftmaxRunner {
  public:
    SoftmaxRunner(const SoftmaxLoss& loss, std::int64_t pieces)
        : loss_(loss), pieces_(pieces), phases_(2 * ((loss.rows + loss.at_once - 1) / loss.at_once)) {}

    double multiplications() const {
        return (loss_.d_features ? 3.0 : 1.0) * double(loss_.rows) * loss_.words * loss_.width;
    }

    // The share of one thread; all threads of the call run it.
    void run(const Worker& worker) {
        auto phase = phases_.begin();
        for (std::int64_t first = 0; first < loss_.rows && !worker.given_up(); first += loss_.at_once) {
            const std::int64_t rows = std::min(loss_.at_once, loss_.rows - first);
            // The next rows' scores replace these: all threads synchronise twice.
            (phase++)->run(pieces_, worker, [&](std::int64_t k) { own_rows(first, share(rows, k), share(rows, k + 1)); });
            if (!loss_.d_features) continue;
            const T* features = static_cast<const T*>(loss_.features) + first * loss_.width;
            const OuterSum<T> d_weight({loss_.scores, features, loss_.d_weight, rows, loss_.words, loss_.width, first > 0});
            (phase++)->run(pieces_, worker, [&](std::int64_t k) {
                d_weight.add_up(k, pieces_, worker);
                if (loss_.d_bias) add_bias(rows, first > 0, k);
            });
        }
    }

  private:
    // Where the rows of piece k begin: those of a pair are in one.
    std::int64_t share(std::int64_t rows, std::int64_t k) const {
        const std::int64_t begin = rows * k / pieces_;
        return loss_.consistency > 0 ? begin / 2 * 2 : begin;
    }

    T* scores(std::int64_t row) const { return static_cast<T*>(loss_.scores) + row * loss_.words; }

    // Rows from `begin` to before `end` of those from `first` on: scores, losses, gradients of the features.
    void own_rows(std::int64_t first, std::int64_t begin, std::int64_t end) const {
        const std::int64_t width = loss_.width, words = loss_.words, at = (first + begin) * width;
        const Product<T> ahead = {{static_cast<const T*>(loss_.features) + at, width},
                                  {scores(begin), words},
                                  {{static_cast<const T*>(loss_.bias), 0}, {nullptr, 0}},
                                  static_cast<const T*>(loss_.packed),
                                  width,
                                  words};
        multiply(ahead, end - begin, 0, panel_count(words, PANEL<T>));
        if (!loss_.targets)
            for (std::int64_t r = begin; r < end; ++r) row_log_softmax(scores(r), words);
        else if (loss_.consistency > 0)
            for (std::int64_t r = begin; r < end; r += 2)
                losses((first + r) / 2) = pair_loss(scores(r), scores(r + 1), words, loss_.targets[(first + r) / 2],
                                                    T(loss_.smoothing), T(loss_.consistency));
        else
            for (std::int64_t r = begin; r < end; ++r)
                losses(first + r) = row_loss(scores(r), words, loss_.targets[first + r], T(loss_.smoothing));
        if (!loss_.d_features) return;
        const Product<T> back = {{scores(begin), words},
                                 {static_cast<T*>(loss_.d_features) + at, width},
                                 {{nullptr, 0}, {nullptr, 0}},
                                 static_cast<const T*>(loss_.packed_back),
                                 words,
                                 width};
        multiply(back, end - begin, 0, panel_count(width, PANEL<T>));
    }

    T& losses(std::int64_t row) const { return static_cast<T*>(loss_.losses)[row]; }

    void add_bias(std::int64_t rows, bool onto, std::int64_t k) const {
        T* d_bias = static_cast<T*>(loss_.d_bias);
        const std::int64_t begin = loss_.words * k / pieces_, end = loss_.words * (k + 1) / pieces_;
        if (!onto) std::fill(d_bias + begin, d_bias + end, T(0));
        for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t v = begin; v < end; ++v) d_bias[v] += scores(r)[v];
    }

    const SoftmaxLoss& loss_;
    const std::int64_t pieces_;
    std::vector<Tasks> phases_;
};

}  // namespace ISA
}  // namespace throughtime
