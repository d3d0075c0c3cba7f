// The interface to Python: a program of row operations, where its values are stored, and the shape of the batch.
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
    expm1,
    erf,
    sin,
    cos,
    power,
    sqrt,
    greater,
    equal,
    select,
    multiply_add,
    subtract_product,
    sum,
    largest,
    cumsum,
    reverse,
    product,
};

// How rows of a buffer are stored: those of a sequence by step and row, those of a state by row; fixed ones are the
// same for all rows, and those of a tile belong to the thread that works on it.
enum class Kind : std::int64_t { sequence, state, fixed, tile };

struct Buffer {
    std::int64_t width;  // numbers from one row to the next
    std::int64_t start;  // of a tile: how much of each row's share of the tile lies before
    Kind kind;
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

// The shape of a matrix that rows are multiplied by from the left.
struct Matrix {
    std::int64_t rows, columns;
};

// One pass over time; Python lays it out, number by number (engine/native.py). The rows of step t are rows offsets[t] to offsets[t] + sizes[t] of every sequence; row
// r of each step belongs to the same sequence of the batch, so sizes never grow from one step to the next.
struct Scan {
    std::int64_t steps;
    const std::int64_t* sizes;
    const std::int64_t* offsets;
    const Instruction* instructions;
    const std::int32_t* groups;  // ends of the runs of instructions; a run holds products alone or none
    const Buffer* buffers;
    const Matrix* matrices;
    void* const* data;          // of every buffer, but for tiles
    const void* const* packed;  // every matrix, see pack
    std::int64_t group_count;
    std::int64_t ahead, behind;  // so many of the first, and of the last, groups: see Runner::all_at_once
    std::int64_t tile_rows, tile_width;
    std::int64_t backwards;        // from the last step to the first
    std::int64_t shared_products;  // threads share the columns of each product, not the rows of the batch
    std::int64_t rows_at_once;     // where they share the rows: most of them that one thread works on together
};

// to(i, j), of shape (d_columns, v_columns): the sum over rows r of d(r, i) v(r, j). All are stored row by row.
struct Outer {
    const void* d;
    const void* v;
    void* to;
    std::int64_t rows, d_columns, v_columns;
    std::int64_t onto;  // added to what is there
};

// The cross-entropy of rows of features (rows, width) by a layer of scores, W f + b, over `words` words.
struct SoftmaxLoss {
    const void* features;
    const void* packed;       // W turned around, (width, words), and W itself, see pack
    const void* packed_back;
    const void* bias;         // or null
    const std::int64_t* targets;  // null: the scores become log-probabilities, and that is all
    void* losses;             // of each row, or pair
    void* d_features;         // gradients of the sum of the losses; null where none is wanted
    void* d_weight;           // (words, width)
    void* d_bias;             // or null
    void* scores;             // room for those of `at_once` rows
    std::int64_t rows, width, words, at_once;  // the last is even for pairs
    double smoothing;
    double consistency;  // above 0: rows are pairs, 2 k and 2 k + 1 both for target k, and should agree; the loss is
                         // half of each one's and of this weight times half of KL(p | q) + KL(q | p)
};

// The most probable of `words` words for rows of features (rows, width): log softmax(W f + b), largest first, of equal
// ones the first. If fewer are above -inf the rest is -inf, of word 0.
struct BestWords {
    const void* features;
    const void* packed;          // W turned around, (width, words), see pack
    const void* bias;            // or null
    const std::int64_t* barred;  // words that are never among them, though they have their probability
    void* values;                // log-probabilities (rows, count)
    std::int64_t* found;         // the words (rows, count)
    void* of_asked;              // log-probability of the word `asked`, (rows)
    std::int64_t rows, width, words, barred_count, count, asked;
};

// Scores as sums of integers: z(r, w) = sums(r, w) row_scales(r) word_scales(w) + bias(w).
struct SummedScores {
    const std::int32_t* sums;  // (rows, words)
    const void* row_scales;
    const void* word_scales;
};

// to = rows of v (rows, depth) times a packed matrix (depth, columns) + bias.
struct RowsProduct {
    const void* v;
    const void* packed;
    const void* bias;  // or null
    void* to;
    std::int64_t rows, depth, columns;
};

// Additive attention: score(b, t, s) = v . tanh(q(b, t) + k(b, s)).
struct AdditiveScores {
    const void* queries;  // (batch, steps, width)
    const void* keys;     // (batch, places, width)
    const void* energy;   // v (width)
    void* scores;         // (batch, steps, places)
    const void* d_scores;  // gradients, each of the shape of what it is of: given are those by the scores
    void* d_queries;
    void* d_keys;
    void* d_energy;
    std::int64_t batch, steps, places, width;
};

}  // namespace throughtime
