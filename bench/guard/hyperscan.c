/* Hyperscan over the same expressions: `hyperscan PATTERNS TEXT`. A line of PATTERNS is an expression. Prints how many it
 * took, how many matches it found, and the CPU milliseconds of the fastest of three passes. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  (void)id, (void)from, (void)to, (void)flags, (void)context;
  found += 1;
  return 0;
}

static char *whole(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) exit(2);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) exit(2);
  bytes[*length] = 0;
  fclose(file);
  return bytes;
}

static double cpu_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t pattern_length, length;
  char *patterns = whole(argv[1], &pattern_length);
  char *text = whole(argv[2], &length);
  static const char *taken[4096];
  static unsigned flags[4096], ids[4096];
  unsigned count = 0;
  for (char *line = strtok(patterns, "\n"); line && count < 4096; line = strtok(NULL, "\n")) {
    hs_database_t *one = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_compile(line, 0, HS_MODE_BLOCK, NULL, &one, &error) != HS_SUCCESS) {
      hs_free_compile_error(error);
      continue;
    }
    hs_free_database(one);
    taken[count] = line;
    ids[count] = count;
    count += 1;
  }
  hs_database_t *database = NULL;
  hs_compile_error_t *error = NULL;
  if (hs_compile_multi(taken, flags, ids, count, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS) return 3;
  hs_scratch_t *scratch = NULL;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) return 3;
  double best = 1e300;
  for (int pass = 0; pass < 3; pass += 1) {
    found = 0;
    double start = cpu_ms();
    hs_scan(database, text, (unsigned)length, 0, scratch, on_match, NULL);
    double took = cpu_ms() - start;
    if (took < best) best = took;
  }
  printf("{\"rules\":%u,\"matches\":%llu,\"ms\":%.3f}\n", count, found, best);
  return 0;
}
