// Runs the tests of one instruction set, where this machine has it; given "threads", only those of what has several.
// Compiled for any machine.
#include <cstring>

#include "check.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

extern "C" const char* throughtime_instruction_set();

static int rank(const char* name) {
    return std::strcmp(name, "avx512") == 0 ? 2 : std::strcmp(name, "avx2") == 0 ? 1 : 0;
}

int main(int count, char** words) {
    const bool all = count < 2 || std::strcmp(words[1], "threads") != 0;
    if (rank(TEXT(ISA)) > rank(throughtime_instruction_set())) {
        std::printf("not run: this machine has no " TEXT(ISA) "\n");
        return 0;
    }
    if (all) {
        throughtime::ISA::check_functions();
        throughtime::ISA::check_product();
        throughtime::ISA::check_rows();
    }
    throughtime::ISA::check_outer();
    throughtime::ISA::check_scan();
    throughtime::ISA::check_softmax();
    throughtime::ISA::check_best();
    throughtime::ISA::check_additive();
    std::printf(TEXT(ISA) ": %d checks failed\n", throughtime::failures);
    return throughtime::failures ? 1 : 0;
}
