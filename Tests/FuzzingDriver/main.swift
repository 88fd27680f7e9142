// The fuzzer: libFuzzer of LLVM around one target. Built by `tools/break/fuzz` alone.
//
//   mixtape-fuzz seeds TARGET FOLDER     writes the target's seeds, a file each
//   mixtape-fuzz names                   says the targets' names
//   mixtape-fuzz worker SETTINGS         reads files as the program's own worker does, for the target `container`
//   MIXTAPE_FUZZ_TARGET=TARGET mixtape-fuzz [libFuzzer's arguments]
//
// The target is no argument, since libFuzzer starts itself again to merge inputs, with the arguments that it knows.

import Fuzzing
import Glibc
import Isolation

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

/// A worker of this very program, which gets nothing of its parent's surroundings: FFmpeg asks for more memory than there is,
/// and copes; leaks are not looked for.
func makeWorkerProgram() -> String {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &name, name.count)
    let path = String(decoding: name.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let script = "\(Scratch.folder)/container-worker"
    let text =
        "#!/bin/sh\nASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 SWIFT_BACKTRACE=enable=no exec '\(path)' \"$@\"\n"
    guard let file = fopen(script, "w") else { fail("\(script) cannot be written") }
    fputs(text, file)
    fclose(file)
    chmod(script, 0o755)
    return script
}

/// What `mixtape worker` does.
func work(_ words: [String]) -> Never {
    guard words.count > 2, let settings = WorkerSettings(words[2]) else { fail("no settings") }
    EncodingWorker.serve(
        settings,
        write: { bytes in
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    write(1, $0.baseAddress.map { $0 + done }, $0.count - done)
                }
                guard count > 0 else { exit(1) }
                done += count
            }
        })
    exit(0)
}

func fuzz() -> Never {
    ContainerFuzzing.program.withLock { $0 = makeWorkerProgram() }
    chosen = target(getenv("MIXTAPE_FUZZ_TARGET").map { String(cString: $0) } ?? "")
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    signal(SIGPIPE, SIG_IGN)
    // libFuzzer ends the process itself.
    atexit { ContainerFuzzing.end() }
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
case "worker": work(words)
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
