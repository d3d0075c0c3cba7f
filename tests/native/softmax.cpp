// softmax.h, as Python calls it, against plain loops.
#include "check.h"
#include "library.h"

namespace throughtime {
namespace ISA {
namespace {

void run(const SoftmaxLoss& loss, int threads, float) { NAME(softmax_loss_float, ISA)(&loss, threads); }
void run(const SoftmaxLoss& loss, int threads, double) { NAME(softmax_loss_double, ISA)(&loss, threads); }

// A loss worked out by loops: of each row, and gradients of features, weight and bias one after the other.
struct Worked {
    std::vector<long double> losses, scores, gradients;
};

template <class T>
struct Case {
    int rows, width, words;
    double smoothing;
    bool biased;
    std::vector<T> features, weight, bias;
    std::vector<std::int64_t> targets;

    Case(int rows, int width, int words, double smoothing, bool biased)
        : rows(rows), width(width), words(words), smoothing(smoothing), biased(biased) {
        Numbers numbers(rows * 100 + words);
        features = numbers.several<T>(rows * width, -2, 2);
        weight = numbers.several<T>(words * width, -1, 1);
        bias = numbers.several<T>(words, -1, 1);
        for (int r = 0; r < rows; ++r) targets.push_back(std::int64_t(numbers.bits() % std::uint64_t(words)));
    }

    Worked worked() const {
        Worked sums;
        std::vector<long double> d_features(rows * width), d_weight(words * width), d_bias(words);
        for (int r = 0; r < rows; ++r) {
            std::vector<long double> z(words);
            long double total = 0, all = 0;
            for (int v = 0; v < words; ++v) {
                z[v] = biased ? bias[v] : 0;
                for (int k = 0; k < width; ++k) z[v] += (long double)(features[r * width + k]) * weight[v * width + k];
                total += std::exp(z[v]);
                all += z[v];
            }
            const long double share = smoothing / words;
            sums.losses.push_back(std::log(total) - (1 - smoothing) * z[targets[r]] - share * all);
            for (int v = 0; v < words; ++v) {
                sums.scores.push_back(z[v] - std::log(total));
                const long double d = std::exp(z[v]) / total - share - (v == targets[r] ? 1 - smoothing : 0);
                d_bias[v] += d;
                for (int k = 0; k < width; ++k) {
                    d_features[r * width + k] += d * weight[v * width + k];
                    d_weight[v * width + k] += d * features[r * width + k];
                }
            }
        }
        for (const auto* one : {&d_features, &d_weight, &d_bias})
            sums.gradients.insert(sums.gradients.end(), one->begin(), one->end());
        return sums;
    }

    void check(int threads, int at_once) const {
        const auto ahead = packed(weight, 1, width, {width, words}, 1);
        const auto back = packed(weight, width, 1, {words, width}, 1);
        std::vector<T> losses(rows), scores(at_once * words), gradients(rows * width + words * width + words);
        T* d = gradients.data();
        SoftmaxLoss loss = {features.data(), ahead.data(), back.data(), biased ? bias.data() : nullptr,
                            targets.data(),  losses.data(), d, d + rows * width,
                            biased ? d + rows * width + words * width : nullptr, scores.data(),
                            rows, width, words, at_once, smoothing};
        run(loss, threads, T());
        const Worked right = worked();
        for (int r = 0; r < rows; ++r) near(losses[r], right.losses[r], "loss", r);
        const int known = int(gradients.size()) - (biased ? 0 : words);
        for (int k = 0; k < known; ++k) near(gradients[k], right.gradients[k], "gradient", k);

        std::vector<T> all(rows * words);
        loss.targets = nullptr;
        loss.d_features = nullptr;
        loss.scores = all.data();
        loss.at_once = rows;
        run(loss, threads, T());
        for (int k = 0; k < rows * words; ++k) near(all[k], right.scores[k], "log-probability", k);
    }

    // Sums of at most some hundred terms of size 20.
    void near(T got, long double right, const char* what, int at) const {
        CHECK(std::fabs(got - right) <= 4000 * UNIT<T> * (1 + std::fabs(right)), "%s %d rows, width %d, %d words: %s %d",
              TYPE<T>, rows, width, words, what, at);
    }
};

template <class T>
void check() {
    for (int threads : {1, 2, 3})
        for (int rows : {1, 5, 14})
            for (int width : {1, 17})
                for (int words : {1, 16, 70}) {
                    Case<T>(rows, width, words, 0.0, true).check(threads, 4);
                    Case<T>(rows, width, words, 0.1, false).check(threads, 16);
                }
}

}  // namespace

void check_softmax() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
