#include <fmt/core.h>

int main() { fmt::print("zabsim 0.1.0\n"); }
