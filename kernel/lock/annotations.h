/* Clang's thread-safety attributes under short names.
 *
 * The function attributes work from Clang 14 on. In C, a field guarded by its sibling needs late
 * parsing, which Clang has from 22 on (-fexperimental-late-parse-attributes): the `lint-locks`
 * target defines GRAIN_TSA_FIELDS and then GUARDED_BY expands, elsewhere it is a comment.
 */
#ifndef GRAIN_LOCK_ANNOTATIONS_H
#define GRAIN_LOCK_ANNOTATIONS_H

#ifdef __clang__
#define TSA(x) __attribute__((x))
#else
#define TSA(x) /* the host's compiler, in unit tests */
#endif

#define CAPABILITY(name)  TSA(capability(name))
#define ACQUIRES(...)     TSA(acquire_capability(__VA_ARGS__))
#define RELEASES(...)     TSA(release_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...) TSA(try_acquire_capability(__VA_ARGS__))
#define REQUIRES(...)     TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...)     TSA(locks_excluded(__VA_ARGS__))
#define ASSERTS_HELD(...) TSA(assert_capability(__VA_ARGS__))
#define NO_LOCK_ANALYSIS  TSA(no_thread_safety_analysis)

#if defined(GRAIN_TSA_FIELDS)
#define GUARDED_BY(x) TSA(guarded_by(x))
#else
#define GUARDED_BY(x)
#endif

#endif
