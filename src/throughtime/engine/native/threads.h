// Threads that share the work of one call, also on a machine whose processors other processes need.
//
// Work is cut into tasks that threads take in turn, so that a thread suspended by the system delays only its current
// task. Threads that must wait spin for a moment and then sleep.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "host.h"
#include "vector.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace throughtime {
namespace ISA {

// Sleeping and waking; a thread that changes what is waited for calls `wake` afterwards.
class Sleepers {
  public:
    template <class Condition>
    void wait(const Condition& over) {
        for (int spins = 0; spins < SPINS; ++spins) {
            if (over()) return;
#if defined(__SSE__)
            _mm_pause();
#endif
        }
        std::unique_lock<std::mutex> lock(mutex_);
        asleep_.fetch_add(1);
        changed_.wait(lock, over);
        asleep_.fetch_sub(1);
    }

    void wake() {
        if (asleep_.load() == 0) return;
        std::lock_guard<std::mutex>{mutex_};  // a thread about to sleep has seen the change or will be woken
        changed_.notify_all();
    }

  private:
    static constexpr int SPINS = 1000;  // some tens of microseconds: threads that are running are seldom later
    std::atomic<int> asleep_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
};

// One call of the library, shared by the threads that work on it.
class Call {
  public:
    Call() : looked_(host::now()) {}

    // Whether the work is to be aborted: a signal handler of the caller's, Python's for Ctrl-C, has raised. Checked
    // between pieces of work; only thread 0, which is the caller's, looks for signals, and seldom.
    bool given_up(int thread) {
        if (thread == 0 && host::now() - looked_ > LOOK_EVERY) look();
        return given_up_.load(std::memory_order_relaxed);
    }
    bool given_up() const { return given_up_.load(); }

  private:
    void look() {
        if (host::signal_raised()) given_up_.store(true);
        looked_ = host::now();
    }

    static constexpr std::int64_t LOOK_EVERY = 100'000'000;  // nanoseconds
    std::atomic<bool> given_up_{false};
    std::int64_t looked_;
};

// One of the threads of a call.
struct Worker {
    int number, count;
    Call* call;
    bool given_up() const { return call->given_up(number); }
};

// Tasks 0, 1, 2, ... that threads take in turn.
class Tasks {
  public:
    // Returns when all are done, by this thread or others, or the call is aborted.
    template <class Work>
    void run(std::int64_t count, const Worker& worker, const Work& work) {
        take(count, worker, work);
        if (worker.count == 1) return;
        others_.wait([&] { return done_.load() >= count || worker.call->given_up(); });
    }

    // Returns when all are taken; other threads may still be working on some.
    template <class Work>
    void take(std::int64_t count, const Worker& worker, const Work& work) {
        for (std::int64_t k; (k = next_.fetch_add(1, std::memory_order_relaxed)) < count;) {
            if (!worker.given_up()) work(k);
            if (done_.fetch_add(1) + 1 == count || worker.call->given_up()) others_.wake();
        }
    }

  private:
    alignas(64) std::atomic<std::int64_t> next_{0};
    alignas(64) std::atomic<std::int64_t> done_{0};
    Sleepers others_;
};

// Where the threads of a small team synchronise after each piece of work. They agree to leave the rest to the first of
// them when one has delayed the others for long, more than once: the system has given its processor to another process.
class Barrier {
  public:
    // False if this thread is to leave.
    bool wait(Worker& worker) {
        if (worker.count == 1) return true;
        const unsigned round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == worker.count) {
            arrived_.store(0, std::memory_order_relaxed);
            if (late_.load(std::memory_order_relaxed) >= PATIENCE) alone_.store(true, std::memory_order_relaxed);
            round_.store(round + 1);
            others_.wake();
        } else {
            const std::int64_t begun = host::now();
            others_.wait([&] { return round_.load() != round || worker.call->given_up(); });
            if (host::now() - begun > LATE) late_.fetch_add(1, std::memory_order_relaxed);
        }
        if (!alone_.load(std::memory_order_relaxed)) return true;
        worker.count = 1;
        return worker.number == 0;
    }

    // Wakes the waiting threads, for a thread that leaves because the call is aborted.
    void leave() { others_.wake(); }

  private:
    static constexpr std::int64_t LATE = 300'000;  // nanoseconds
    static constexpr int PATIENCE = 2;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> round_{0};
    std::atomic<int> late_{0};
    std::atomic<bool> alone_{false};
    Sleepers others_;
};

// How much of their time the threads of a call were kept from running, which shows whether the machine is busy.
class Kept {
  public:
    Kept() : begun_(host::now()) {}

    template <class Work>
    void during(const Work& work) {
        const std::int64_t ran = host::thread_time();
        work();
        const std::int64_t whole = host::now() - begun_, kept = whole - (host::thread_time() - ran);
        if (kept > WAKING) kept_.fetch_add(kept, std::memory_order_relaxed);
        whole_.fetch_add(whole, std::memory_order_relaxed);
    }

    void tell() const { host::note_kept(kept_.load(), whole_.load()); }

  private:
    static constexpr std::int64_t WAKING = 250'000;  // nanoseconds in which a thread wakes where processors are free
    const std::int64_t begun_;
    std::atomic<std::int64_t> kept_{0}, whole_{0};
};

// Multiplications that pay for a second thread on a busy machine, where it may start milliseconds later.
constexpr double WORTH_WAITING_FOR = 4e8;

// Threads for this number of multiplications, of those that the caller allows.
inline int team(int threads, double multiplications) {
    return multiplications < WORTH_WAITING_FOR && host::busy() ? 1 : std::max(1, threads);
}

// Pieces into which work is cut for a team: more of them cost a little, and let others take over from a thread that is
// kept from running.
inline std::int64_t pieces(int team) { return team > 1 && host::busy() ? 4 * team : team; }

// work(worker) on `threads` threads, or as many as there are. Returns whether the call was aborted.
template <class Work>
bool on_threads(int threads, const Work& work) {
    Call call;
    if (threads <= 1) {
        work(Worker{0, 1, &call});
        return call.given_up();
    }
    Kept kept;
#if defined(_OPENMP)
#pragma omp parallel num_threads(threads)
    kept.during([&] { work(Worker{omp_get_thread_num(), omp_get_num_threads(), &call}); });
#else
    const auto run = [&](int k) { kept.during([&] { work(Worker{k, threads, &call}); }); };
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) others.emplace_back(run, k);
    run(0);
    for (auto& other : others) other.join();
#endif
    kept.tell();
    return call.given_up();
}

// work(worker, k) for k from 0 to before `count`, on `threads` threads. Returns whether the call was aborted.
template <class Work>
bool on_threads(int threads, std::int64_t count, const Work& work) {
    Tasks tasks;
    return on_threads(threads, [&](const Worker& worker) {
        tasks.take(count, worker, [&](std::int64_t k) { work(worker, k); });
    });
}

// Scratch memory of this thread, aligned; it grows to the largest size needed.
template <class T>
T* scratch(std::int64_t size) {
    thread_local std::vector<T> numbers;
    if (std::int64_t(numbers.size()) < size + LANES<T>) numbers.resize(size + LANES<T>);
    const auto past = reinterpret_cast<std::uintptr_t>(numbers.data()) % VECTOR_BYTES / sizeof(T);
    return numbers.data() + (past ? LANES<T> - past : 0);
}

}  // namespace ISA
}  // namespace throughtime
