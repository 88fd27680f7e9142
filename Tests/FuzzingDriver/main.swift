// The fuzzer: libFuzzer of LLVM around one target. Built by `tools/fuzz` alone.
//
//   mixtape-fuzz seeds TARGET FOLDER     writes the target's seeds, a file each
//   mixtape-fuzz names                   says the targets' names
//   MIXTAPE_FUZZ_TARGET=TARGET mixtape-fuzz [libFuzzer's arguments]
//
// The target is no argument, since libFuzzer starts itself again to merge inputs, with the arguments that it knows.

import Fuzzing
import Glibc

/// libFuzzer's own entry point for programs that have a `main` of their own.
@_silgen_name("LLVMFuzzerRunDriver")
func runLibFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

nonisolated(unsafe) var chosen: FuzzTarget?

func fail(_ message: String) -> Never {
    let words = Array("error: \(message)\n".utf8)
    _ = write(2, words, words.count)
    exit(2)
}

func target(_ name: String) -> FuzzTarget {
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        fail("no target \(name); there are \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
    }
    return target
}

func fuzz() -> Never {
    chosen = target(getenv("MIXTAPE_FUZZ_TARGET").map { String(cString: $0) } ?? "")
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    signal(SIGPIPE, SIG_IGN)
    exit(
        runLibFuzzer(&count, &arguments) { start, count in
            let bytes = Array(UnsafeBufferPointer(start: start, count: count))
            do { try chosen?.run(bytes) } catch { fatalError("\(error)") }
            return 0
        })
}

let words = CommandLine.arguments
switch words.count > 1 ? words[1] : "" {
case _ where getenv("MIXTAPE_FUZZ_TARGET") != nil: fuzz()
case "names": FuzzTarget.all.forEach { print($0.name) }
case "seeds" where words.count == 4:
    for (number, bytes) in try target(words[2]).seeds().enumerated() {
        guard let file = fopen("\(words[3])/seed-\(number)", "w") else {
            fail("\(words[3]) cannot be written")
        }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
default: fail("MIXTAPE_FUZZ_TARGET should name one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
}
