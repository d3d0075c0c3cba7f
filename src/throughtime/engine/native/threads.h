// Threads that share work, and memory that each keeps for it.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "vector.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace throughtime {
namespace ISA {

// Where threads that share work wait for each other. They are few and seldom late, so that they spin.
class Barrier {
  public:
    void wait(int threads) {
        const unsigned round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
#if defined(__SSE__)
            _mm_pause();
#endif
            if (spins > 1000) std::this_thread::yield();
        }
    }

  private:
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> round_{0};
};

// One of the threads that share it.
struct Worker {
    int number, count;
    Barrier* barrier;
};

// work(number, count) on so many threads, or on as many as there are.
template <class Work>
void on_threads(int threads, const Work& work) {
#if defined(_OPENMP)
#pragma omp parallel num_threads(threads) if (threads > 1)
    work(omp_get_thread_num(), omp_get_num_threads());
#else
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) others.emplace_back(work, k, threads);
    work(0, threads);
    for (auto& one : others) one.join();
#endif
}

// What this thread works on, aligned; it grows to the largest that was needed.
template <class T>
T* scratch(std::int64_t size) {
    thread_local std::vector<T> numbers;
    if (std::int64_t(numbers.size()) < size + LANES<T>) numbers.resize(size + LANES<T>);
    const auto past = reinterpret_cast<std::uintptr_t>(numbers.data()) % VECTOR_BYTES / sizeof(T);
    return numbers.data() + (past ? LANES<T> - past : 0);
}

}  // namespace ISA
}  // namespace throughtime
