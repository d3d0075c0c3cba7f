// What Python hands over: a program of row operations, where its values lie, and the shape of the batch.
#pragma once

#include <cstdint>

namespace throughtime {

// The operations of engine/operations.py, in the order of OPERATIONS in engine/assemble.py.
enum class Operation : std::int32_t {
    copy,
    add,
    sub,
    mul,
    div,
    neg,
    abs,
    sign,
    maximum,
    minimum,
    relu,
    sigmoid,
    tanh,
    exp,
    log,
    log1p,
    sqrt,
    greater,
    equal,
    select,
    multiply_add,
    sum,
    largest,
    product,
};

// Where rows of a buffer lie: those of a sequence by step and row, those of a state by row, fixed ones are
// the same for all rows, and those of a tile belong to the thread that works on it.
enum class Kind : std::int32_t { sequence, state, fixed, tile };

struct Buffer {
    void* data;
    std::int64_t width;  // numbers from one row to the next
    std::int64_t start;  // of a tile: how much of each row's share of the tile lies before
    Kind kind;
    std::int32_t unused;
};

struct Operand {
    std::int32_t buffer, column;  // buffer -1: none
};

struct Instruction {
    Operation operation;
    std::int32_t width;
    std::int32_t splat;   // bit k: operand k has one number a row, which stands for all columns
    std::int32_t matrix;  // of a product
    Operand to, operands[3];
};

// (rows, columns), packed for products from the left.
struct Matrix {
    void* packed;
    std::int64_t rows, columns;
};

// One pass over time. The rows of step t are rows offsets[t] to offsets[t] + sizes[t] of every sequence; row
// r of each step belongs to the same sequence of the batch, so sizes never grow from one step to the next.
struct Scan {
    std::int64_t steps;
    const std::int64_t* sizes;
    const std::int64_t* offsets;
    const Instruction* instructions;
    const std::int32_t* groups;  // ends of the runs of instructions; a run holds products alone or none
    const Buffer* buffers;
    const Matrix* matrices;
    std::int32_t group_count, buffer_count;
    std::int32_t backwards;  // from the last step to the first
    std::int32_t tile_rows;
    void* tiles;  // for each thread that works on this scan
    std::int64_t tile_size;
    std::int32_t shared_products;  // threads share the columns of each product, not the rows of the batch
    std::int32_t unused;
};

}  // namespace throughtime
