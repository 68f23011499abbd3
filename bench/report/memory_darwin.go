package main

// memoryUnit is what ru_maxrss counts, as a part of a MB.
const memoryUnit = 1 << 20
