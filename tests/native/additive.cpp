// additive.h, as Python calls it, against plain loops.
#include "check.h"
#include "library.h"

namespace throughtime {
namespace ISA {
namespace {

void scores(const AdditiveScores& given, int threads, float) { NAME(additive_scores_float, ISA)(&given, threads); }
void scores(const AdditiveScores& given, int threads, double) { NAME(additive_scores_double, ISA)(&given, threads); }

void gradients_of(const AdditiveScores& given, int threads, float) {
    NAME(additive_gradients_float, ISA)(&given, threads);
}
void gradients_of(const AdditiveScores& given, int threads, double) {
    NAME(additive_gradients_double, ISA)(&given, threads);
}

// A sum, and the sum of the sizes of what is added, by which roundings are measured.
struct Sum {
    long double value = 0, size = 0;

    void add(long double term) {
        value += term;
        size += std::fabs(term);
    }
};

template <class T>
struct Case {
    int batch, steps, places, width;
    std::vector<T> queries, keys, energy, gradients;

    Case(int batch, int steps, int places, int width) : batch(batch), steps(steps), places(places), width(width) {
        Numbers numbers(batch * 1000 + places * 100 + width);
        queries = numbers.several<T>(batch * steps * width, -2, 2);
        keys = numbers.several<T>(batch * places * width, -2, 2);
        energy = numbers.several<T>(width, -1, 1);
        gradients = numbers.several<T>(batch * steps * places, -1, 1);
        for (int k = 0; k < batch * steps; ++k) gradients[k * places + places - 1] = 0;  // as of padding
    }

    AdditiveScores laid() const {
        return {queries.data(), keys.data(), energy.data(), nullptr, nullptr, nullptr, nullptr, nullptr, batch,
                steps, places, width};
    }

    // f(query row, key row, score's number) of all pairs that meet.
    template <class F>
    void each_pair(const F& f) const {
        for (int row = 0; row < batch * steps; ++row)
            for (int s = 0; s < places; ++s) f(row, row / steps * places + s, row * places + s);
    }

    long double hidden(int query, int key, int k) const {
        return std::tanh((long double)(queries[query * width + k] + keys[key * width + k]));
    }

    void near(const std::vector<T>& got, const std::vector<Sum>& right, long double terms, const char* what) const {
        for (std::size_t k = 0; k < right.size(); ++k)
            CHECK(units(got[k], right[k].value, right[k].size) <= terms + 8, "%s %s of (%d, %d, %d, %d) at %d", TYPE<T>,
                  what, batch, steps, places, width, int(k));
        for (std::size_t k = right.size(); k < got.size(); ++k)
            CHECK(got[k] == T(GUARD), "%s %s of (%d, %d, %d, %d): written past the end", TYPE<T>, what, batch, steps,
                  places, width);
    }

    std::vector<T> room(std::size_t size) const { return std::vector<T>(size + 40, T(GUARD)); }

    void check_scores(int threads) const {
        std::vector<Sum> right(batch * steps * places);
        each_pair([&](int query, int key, int score) {
            for (int k = 0; k < width; ++k) right[score].add(energy[k] * hidden(query, key, k));
        });
        std::vector<T> got = room(right.size());
        AdditiveScores given = laid();
        given.scores = got.data();
        scores(given, threads, T());
        near(got, right, width, "scores");
    }

    void check_gradients(int threads) const {
        std::vector<Sum> right_queries(queries.size()), right_keys(keys.size()), right_energy(width);
        each_pair([&](int query, int key, int score) {
            for (int k = 0; k < width; ++k) {
                const long double h = hidden(query, key, k), slope = gradients[score] * energy[k] * (1 - h * h);
                right_queries[query * width + k].add(slope);
                right_keys[key * width + k].add(slope);
                right_energy[k].add(gradients[score] * h);
                // g (1 - h^2) is made as g - g h h, whose roundings are of the size of g
                right_queries[query * width + k].size += std::fabs(gradients[score] * energy[k]);
                right_keys[key * width + k].size += std::fabs(gradients[score] * energy[k]);
            }
        });
        std::vector<T> d_queries = room(queries.size()), d_keys = room(keys.size()), d_energy = room(width);
        AdditiveScores given = laid();
        given.d_scores = gradients.data();
        given.d_queries = d_queries.data();
        given.d_keys = d_keys.data();
        given.d_energy = d_energy.data();
        gradients_of(given, threads, T());
        near(d_queries, right_queries, places, "gradients of queries");
        near(d_keys, right_keys, steps, "gradients of keys");
        near(d_energy, right_energy, batch * steps * places, "gradients of the energy");
    }
};

// About the width of a vector, and with nothing to do.
template <class T>
void check() {
    for (int threads : {1, 2, 3})
        for (int width : {1, 3, 4, 15, 16, 17, 32, 70})
            for (int batch : {0, 1, 3})
                for (int steps : {1, 5})
                    for (int places : {1, 6}) {
                        const Case<T> one(batch, steps, places, width);
                        one.check_scores(threads);
                        one.check_gradients(threads);
                    }
}

}  // namespace

void check_additive() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
