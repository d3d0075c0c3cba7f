// Scores of additive attention, v . tanh(q + k) for each query and key, and their gradients. The hidden layer, as wide
// as v for each pair, is recomputed where needed and never stored.
#pragma once

#include "functions.h"
#include "program.h"
#include "threads.h"

namespace throughtime {
namespace ISA {

template <class T>
inline T sum_of(Vector<T> v) {
    T sums[4] = {};
    for (int k = 0; k < LANES<T>; ++k) sums[k % 4] += v[k];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// v . tanh(q + k), each of `width` numbers.
template <class T>
inline T additive_score(const T* q, const T* k, const T* v, std::int64_t width) {
    constexpr int L = LANES<T>;
    Vector<T> sum{};
    std::int64_t at = 0;
    for (; at + L <= width; at += L) sum += load(v + at) * tanh<T>(load(q + at) + load(k + at));
    const int rest = int(width - at);
    if (rest) sum += load_part(v + at, rest) * tanh<T>(load_part(q + at, rest) + load_part(k + at, rest));
    return sum_of<T>(sum);
}

// The scores of queries from `begin` to before `end`, counted through the batch.
template <class T>
void additive_rows(const AdditiveScores& given, std::int64_t begin, std::int64_t end) {
    const T* energy = static_cast<const T*>(given.energy);
    for (std::int64_t row = begin; row < end; ++row) {
        const T* query = static_cast<const T*>(given.queries) + row * given.width;
        const T* keys = static_cast<const T*>(given.keys) + row / given.steps * given.places * given.width;
        T* scores = static_cast<T*>(given.scores) + row * given.places;
        for (std::int64_t s = 0; s < given.places; ++s)
            scores[s] = additive_score(query, keys + s * given.width, energy, given.width);
    }
}

// Gradients of `count` columns, at most a vector, from `first` on: with g the gradient of a score and h = tanh(q + k)
//   dq = v sum_s g (1 - h^2)    dk = v sum_t g (1 - h^2)    dv = sum g h
template <class T>
class AdditiveColumns {
  public:
    AdditiveColumns(const AdditiveScores& given, std::int64_t first, int count)
        : given_(given), first_(first), count_(count), energy_(of(given.energy, 0)) {}

    void run() {
        keys_ = scratch<T>(2 * given_.places * LANES<T>);
        d_keys_ = keys_ + given_.places * LANES<T>;
        Vector<T> d_energy{};
        for (std::int64_t b = 0; b < given_.batch; ++b) d_energy += one_source(b);
        put(given_.d_energy, 0, d_energy);
    }

  private:
    Vector<T> of(const void* rows, std::int64_t row) const {
        const T* from = static_cast<const T*>(rows) + row * given_.width + first_;
        return count_ == LANES<T> ? load(from) : load_part(from, count_);
    }

    void put(void* rows, std::int64_t row, Vector<T> v) const {
        T* to = static_cast<T*>(rows) + row * given_.width + first_;
        count_ == LANES<T> ? store(to, v) : store_part(to, v, count_);
    }

    // All queries and keys of one source; returns what they add to dv.
    Vector<T> one_source(std::int64_t b) const {
        constexpr int L = LANES<T>;
        const std::int64_t places = given_.places;
        for (std::int64_t s = 0; s < places; ++s) {
            store(keys_ + s * L, of(given_.keys, b * places + s));
            store(d_keys_ + s * L, Vector<T>{});
        }
        Vector<T> d_energy{};
        for (std::int64_t row = b * given_.steps; row < (b + 1) * given_.steps; ++row) {
            const T* gradients = static_cast<const T*>(given_.d_scores) + row * places;
            const Vector<T> query = of(given_.queries, row);
            Vector<T> d_query{};
            for (std::int64_t s = 0; s < places; ++s) {
                const T g = gradients[s];
                if (g == T(0)) continue;  // of padding
                const Vector<T> h = tanh<T>(query + load(keys_ + s * L));
                const Vector<T> weighed = g * h, slope = g - weighed * h;
                d_query += slope;
                d_energy += weighed;
                store(d_keys_ + s * L, load(d_keys_ + s * L) + slope);
            }
            put(given_.d_queries, row, d_query * energy_);
        }
        for (std::int64_t s = 0; s < places; ++s) put(given_.d_keys, b * places + s, load(d_keys_ + s * L) * energy_);
        return d_energy;
    }

    const AdditiveScores& given_;
    const std::int64_t first_;
    const int count_;
    const Vector<T> energy_;
    T* keys_ = nullptr;    // a vector for each place of the source
    T* d_keys_ = nullptr;  // and what is there of its gradient
};

// Vectors of columns: no sum depends on how threads share them.
template <class T>
std::int64_t additive_vectors(const AdditiveScores& given) {
    return (given.width + LANES<T> - 1) / LANES<T>;
}

// Gradients of the columns of vector k.
template <class T>
void additive_columns(const AdditiveScores& given, std::int64_t k) {
    constexpr std::int64_t L = LANES<T>;
    AdditiveColumns<T>(given, k * L, int(std::min(L, given.width - k * L))).run();
}

}  // namespace ISA
}  // namespace throughtime
