// Options of jemalloc, read by it before main. Pages that a tile's tensors gave
// back are kept: the next tile needs them again, and having the kernel zero
// them anew costs half of the time of a forward pass on the CPU.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1";
}
