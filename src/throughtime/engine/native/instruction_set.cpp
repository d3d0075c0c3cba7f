// What the library was built with, and which of its instruction sets this machine has.
#include <cstdint>
#include <cstring>

#include "export.h"

extern "C" {

EXPORT const char* throughtime_instruction_set() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx512) return "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
    return "baseline";
}

// A number made of up to 64 words of 8 bytes of each piece of memory, spread over it, and of its end: two pieces
// that differ seldom agree.
EXPORT std::uint64_t throughtime_sample(const char* const* places, const std::int64_t* sizes,
                                        std::int64_t count) {
    std::uint64_t mixed = 14695981039346656037u;  // Fowler, Noll and Vo, by words
    const auto mix = [&mixed](const char* from, std::int64_t bytes) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, std::size_t(bytes));
        mixed = (mixed ^ word) * 1099511628211u;
        mixed ^= mixed >> 32;  // or what differs in high bits alone would never reach the low ones
    };
    for (std::int64_t k = 0; k < count; ++k) {
        const std::int64_t words = sizes[k] / 8, apart = words < 64 ? 1 : words / 64;
        for (std::int64_t at = 0; at < words; at += apart) mix(places[k] + 8 * at, 8);
        mix(places[k] + 8 * words, sizes[k] % 8);
    }
    return mixed;
}

EXPORT const char* throughtime_compiler() {
#if defined(__clang__)
    return "Clang " __clang_version__;
#else
    return "GCC " __VERSION__;
#endif
}
}
