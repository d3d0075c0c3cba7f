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
    double smoothing, consistency;
    bool biased;
    std::vector<T> features, weight, bias;
    std::vector<std::int64_t> targets;

    Case(int rows, int width, int words, double smoothing, double consistency, bool biased)
        : rows(rows), width(width), words(words), smoothing(smoothing), consistency(consistency), biased(biased) {
        Numbers numbers(rows * 100 + words);
        features = numbers.several<T>(rows * width, -2, 2);
        weight = numbers.several<T>(words * width, -1, 1);
        bias = numbers.several<T>(words, -1, 1);
        for (int r = 0; r < rows / each(); ++r) targets.push_back(std::int64_t(numbers.bits() % std::uint64_t(words)));
    }

    // Rows for each target.
    int each() const { return consistency > 0 ? 2 : 1; }

    std::vector<long double> log_probabilities(int r) const {
        std::vector<long double> z(words);
        long double total = 0;
        for (int v = 0; v < words; ++v) {
            z[v] = biased ? bias[v] : 0;
            for (int k = 0; k < width; ++k) z[v] += (long double)(features[r * width + k]) * weight[v * width + k];
            total += std::exp(z[v]);
        }
        for (long double& one : z) one -= std::log(total);
        return z;
    }

    Worked worked() const {
        Worked sums;
        std::vector<long double> d_features(rows * width), d_weight(words * width), d_bias(words);
        for (int r = 0; r < rows; ++r) {
            const std::vector<long double> p = log_probabilities(r);
            const std::vector<long double> q = each() == 2 ? log_probabilities(r ^ 1) : p;
            const std::int64_t target = targets[r / each()];
            const long double share = smoothing / words;
            long double kl = 0, loss = -(1 - smoothing) * p[target];
            for (int v = 0; v < words; ++v) {
                sums.scores.push_back(p[v]);
                kl += std::exp(p[v]) * (p[v] - q[v]);
                loss -= share * p[v];
            }
            loss = (loss + consistency / 2 * kl) / each();
            if (r % each() == 0) sums.losses.push_back(0);
            sums.losses.back() += loss;
            for (int v = 0; v < words; ++v) {
                const long double likely = std::exp(p[v]);
                const long double apart = likely * (p[v] - q[v] - kl) + likely - std::exp(q[v]);
                const long double own = likely - share - (v == target ? 1 - smoothing : 0);
                const long double d = (own + consistency / 2 * apart) / each();
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
                            rows, width, words, at_once, smoothing, consistency};
        run(loss, threads, T());
        const Worked right = worked();
        for (int r = 0; r < rows / each(); ++r) near(losses[r], right.losses[r], "loss", r);
        const int known = int(gradients.size()) - (biased ? 0 : words);
        for (int k = 0; k < known; ++k) near(gradients[k], right.gradients[k], "gradient", k);

        std::vector<T> again(losses.size());
        loss.d_features = nullptr;
        loss.losses = again.data();
        run(loss, threads, T());
        for (std::size_t k = 0; k < again.size(); ++k)
            CHECK(again[k] == losses[k], "%s %d rows: loss %d without gradients", TYPE<T>, rows, int(k));

        std::vector<T> all(rows * words);
        loss.targets = nullptr;
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
                    Case<T>(rows, width, words, 0.0, 0.0, true).check(threads, 4);
                    Case<T>(rows, width, words, 0.1, 0.0, false).check(threads, 16);
                    Case<T>(2 * rows, width, words, 0.1, 5.0, true).check(threads, 6);
                }
}

}  // namespace

void check_softmax() {
    check<float>();
    check<double>();
}

}  // namespace ISA
}  // namespace throughtime
