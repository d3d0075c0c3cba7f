// A digest of every byte of some memory, by which a later change is noticed.
#pragma once

#include <algorithm>
#include <cstring>

#include "threads.h"

namespace throughtime {
namespace ISA {

typedef std::uint64_t Words __attribute__((vector_size(VECTOR_BYTES)));

constexpr int CHAINS = 8;  // independent ones, or each multiplication would wait for the one before
constexpr std::int64_t BLOCK_BYTES = CHAINS * VECTOR_BYTES;
constexpr std::int64_t SEGMENT_BYTES = 1 << 16;  // what one thread takes at a time, for the same result with any number

// Each step is a bijection of the word and of what came before, so that a change of one word always changes the result.
template <class Word>
inline Word mixed(Word before, Word word) {
    const Word product = (before ^ word) * std::uint64_t(0x9E3779B97F4A7C15u);
    return product ^ (product >> 32);  // else a difference in the highest bits would stay there, where a second one cancels it
}

inline void absorb(Words* chains, const char* from) {
#pragma GCC unroll 8
    for (int k = 0; k < CHAINS; ++k) {
        Words words;
        std::memcpy(&words, from + k * VECTOR_BYTES, sizeof words);
        chains[k] = mixed(chains[k], words);
    }
}

inline std::uint64_t digest_segment(const char* from, std::int64_t bytes, std::uint64_t seed) {
    Words chains[CHAINS];
    for (int k = 0; k < CHAINS; ++k) chains[k] = Words{} + (seed + k);
    std::int64_t at = 0;
    for (; at + BLOCK_BYTES <= bytes; at += BLOCK_BYTES) absorb(chains, from + at);
    if (at < bytes) {
        char rest[BLOCK_BYTES] = {};
        std::memcpy(rest, from + at, std::size_t(bytes - at));
        absorb(chains, rest);
    }
    std::uint64_t all = std::uint64_t(bytes);
    for (const Words& chain : chains)
        for (int lane = 0; lane < VECTOR_BYTES / 8; ++lane) all = mixed<std::uint64_t>(all, chain[lane]);
    return all;
}

// The digest of `count` pieces of memory; the same for any number of threads.
inline std::uint64_t digest(const char* const* pieces, const std::int64_t* sizes, std::int64_t count, int threads) {
    std::atomic<std::uint64_t> sum{0};
    threads = host::busy() ? 1 : threads;
    on_threads(threads, threads, [&](const Worker&, std::int64_t k) {
        std::uint64_t own = 0, segment = 0;
        for (std::int64_t p = 0; p < count; ++p)
            for (std::int64_t at = 0; at < sizes[p]; at += SEGMENT_BYTES, ++segment)
                if (std::int64_t(segment) % threads == k)
                    own += digest_segment(pieces[p] + at, std::min(SEGMENT_BYTES, sizes[p] - at), segment << 8);
        sum.fetch_add(own, std::memory_order_relaxed);
    });
    return sum.load();
}

}  // namespace ISA
}  // namespace throughtime
