// swift-tools-version: 6.1
import PackageDescription

// The targets are listed in the order in which the data flows. A target imports only targets listed above it, and
// declares all that it imports and nothing else (`tools/lib/walls.py`, which `tools/check` runs):
//
//   file → frames → clips → tensors → features → Gaussians → mixture → index → ranking → JSON

/// Without the trait, none of these is fetched or compiled.
let withHTTP = TargetDependencyCondition.when(traits: ["HTTP"])

let package = Package(
    name: "mixtape",
    products: [
        .executable(name: "mixtape", targets: ["mixtape"])
    ],
    traits: [
        .trait(name: "HTTP", description: "The service's page and API over HTTP: `mixtape serve --http`."),
        .default(enabledTraits: ["HTTP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.15.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // Floor 0: C libraries.
        // FFmpeg, OpenBLAS and libpq are loaded when they are first called, by CLazyLibraries: no pkgConfig, which would
        // link them.
        .systemLibrary(
            name: "CFFmpeg", path: "Sources/C/CFFmpeg",
            providers: [.apt(["libavformat-dev", "libavcodec-dev", "libswscale-dev"])]),
        .systemLibrary(
            name: "COpenBLAS", path: "Sources/C/COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CPostgres", path: "Sources/C/CPostgres", providers: [.apt(["libpq5"])]),
        .target(name: "CLazyLibraries", path: "Sources/C/CLazyLibraries"),
        .systemLibrary(name: "COneDNN", path: "Sources/C/COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .target(name: "CDistance", path: "Sources/C/CDistance"),
        .target(name: "CWinograd", path: "Sources/C/CWinograd"),
        .target(name: "CTiles", path: "Sources/C/CTiles"),
        .target(name: "CWorker", path: "Sources/C/CWorker"),
        .target(name: "CCommit", path: "Sources/C/CCommit"),
        .target(name: "CFiles", path: "Sources/C/CFiles"),

        // Floor 1: what all others stand on: JSON, files, clocks, threads, checksums, what is known of a video.
        .target(name: "Base", dependencies: ["CFFmpeg", "CLazyLibraries"]),

        // Floor 2: files to clips; probability; tensors.
        .target(name: "VideoDecoding", dependencies: ["CFFmpeg", "CLazyLibraries", "Base"]),
        .target(
            name: "Distributions",
            dependencies: ["Base", .product(name: "HeapModule", package: "swift-collections")]),
        .target(name: "Tensors", dependencies: ["COpenBLAS", "CLazyLibraries", "Base"]),

        // Floor 3: layers; the on-disk index.
        .target(name: "NeuralNetwork", dependencies: ["COneDNN", "CWinograd", "CTiles", "Tensors"]),
        .target(
            name: "Indexing",
            dependencies: [
                "CDistance", "Base", "Distributions", .product(name: "GRDB", package: "GRDB.swift"),
            ]),

        // Floor 4: a video becomes a mixture.
        .target(
            name: "VideoEncoding",
            dependencies: ["Base", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork"]),

        // Floor 5: worker processes that read files; folder → index; query → ranking; paper's training.
        .target(
            name: "Isolation",
            dependencies: ["CWorker", "Base", "VideoDecoding", "Distributions", "Indexing", "VideoEncoding"]),
        .target(
            name: "Ingestion",
            dependencies: ["Base", "Distributions", "Indexing", "VideoEncoding", "Isolation"]),
        .target(
            name: "Retrieval",
            dependencies: [
                "CDistance", "Base", "Distributions", "Indexing",
            ]),
        .target(
            name: "Training",
            dependencies: [
                "COpenBLAS", "CLazyLibraries", "Base", "VideoDecoding", "Distributions", "Tensors",
                "NeuralNetwork", "VideoEncoding",
            ]),

        // Floor 6: measurements on labelled videos; the library, in a folder or on a PostgreSQL server; what
        // becomes of duplicates; JSON lines.
        .target(
            name: "Evaluation",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding",
                "Training",
            ]),
        .target(
            name: "Library",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "Indexing", "VideoEncoding", "Isolation",
                "Ingestion", "Retrieval",
            ]),
        .target(
            name: "Cleanup",
            dependencies: ["CFiles", "Base", "Indexing", "Retrieval", "Library"]),
        .target(
            name: "SharedIndexing",
            dependencies: [
                "CPostgres", "CLazyLibraries", "Base", "Distributions", "Indexing", "Ingestion", "Library",
            ]),
        .target(
            name: "Service",
            dependencies: [
                "CWorker", "Base", "VideoDecoding", "Distributions", "Indexing", "Ingestion", "Retrieval",
                "Library",
            ],
            resources: [.embedInCode("protocol.schema.json")]),

        // Floor 7: HTTP, beside the JSON lines; nothing else builds with Hummingbird.
        .target(
            name: "HTTPService",
            dependencies: [
                "Base", "VideoDecoding", "Indexing", "VideoEncoding", "Isolation", "Library", "Service",
                .product(name: "Hummingbird", package: "hummingbird", condition: withHTTP),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: withHTTP),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: withHTTP),
                .product(name: "NIOCore", package: "swift-nio", condition: withHTTP),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: withHTTP),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: withHTTP),
                .product(name: "Logging", package: "swift-log", condition: withHTTP),
            ],
            resources: [.embedInCode("Page/Files")]),

        // Floor 8: what `mixtape benchmark` measures, on videos that do not exist.
        .target(
            name: "Benchmarks",
            dependencies: [
                "CDistance", "Base", "VideoDecoding", "Distributions", "Indexing", "VideoEncoding",
                "Retrieval", "Training", "Library", "SharedIndexing",
            ]),

        // Floor 9: the command line.
        .executableTarget(
            name: "mixtape",
            dependencies: [
                "CCommit", "Base", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "Indexing",
                "VideoEncoding", "Isolation", "Ingestion", "Retrieval", "Training", "Evaluation", "Library",
                "Cleanup", "SharedIndexing", "Service", "Benchmarks",
                .target(name: "HTTPService", condition: withHTTP),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log", condition: withHTTP),
                .product(name: "NIOCore", package: "swift-nio", condition: withHTTP),
            ]),

        // What fuzzers hold readers of untrusted bytes against; the tests replay what they found.
        .target(
            name: "Fuzzing",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "Tensors", "Indexing", "VideoEncoding", "Isolation",
                "Ingestion", "Retrieval", "Training", "Evaluation", "Library", "Service", "HTTPService",
            ],
            path: "Tests/Fuzzing"),
        // What tests of all targets share: folders, videos, running the program.
        .target(name: "TestSupport", path: "Tests/Support"),

        // Those that run the program find it beside them: `swift test` builds every product first. No target depends on it,
        // or its linker flags would be the tests' as well.
        .testTarget(name: "BaseTests", dependencies: ["Base", "Distributions", "TestSupport"]),
        .testTarget(
            name: "VideoDecodingTests",
            dependencies: ["Base", "VideoDecoding", "TestSupport"]),
        .testTarget(name: "DistributionsTests", dependencies: ["Distributions"]),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Base", "Tensors", "TestSupport"]),
        .testTarget(
            name: "NeuralNetworkTests",
            dependencies: ["CWinograd", "CTiles", "Base", "Tensors", "NeuralNetwork"]),
        .testTarget(
            name: "IndexingTests",
            dependencies: [
                "Base", "Distributions", "Indexing", "TestSupport",
            ]),
        .testTarget(
            name: "SharedIndexingTests",
            dependencies: [
                "Base", "Distributions", "Indexing", "VideoEncoding", "Ingestion", "Retrieval",
                "SharedIndexing", "TestSupport",
            ]),
        .testTarget(
            name: "VideoEncodingTests",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding",
                "TestSupport",
            ]),
        .testTarget(
            name: "RetrievalTests",
            dependencies: [
                "CDistance", "Base", "VideoDecoding", "Distributions", "Indexing", "Retrieval", "Benchmarks",
                "TestSupport",
            ]),
        .testTarget(
            name: "IngestionTests",
            dependencies: ["Base", "Distributions", "Indexing", "VideoEncoding", "Ingestion", "TestSupport"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding",
                "Training", "TestSupport",
            ]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "Base", "VideoDecoding", "Distributions", "NeuralNetwork", "VideoEncoding", "Evaluation",
                "TestSupport",
            ]),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "CWorker", "Base", "VideoDecoding", "Distributions", "Indexing", "VideoEncoding", "Isolation",
                "Ingestion", "Library", "Service", "TestSupport",
            ]),
        .testTarget(
            name: "CleanupTests",
            dependencies: [
                "Base", "Indexing", "Retrieval", "Cleanup", "TestSupport",
            ]),
        .testTarget(name: "BenchmarksTests", dependencies: ["Benchmarks"]),
        .testTarget(
            name: "HTTPServiceTests",
            dependencies: [
                "Base", "Distributions", "Indexing", "Isolation", "Library", "Service", "HTTPService",
                "TestSupport",
            ]),
        .testTarget(
            name: "FuzzingTests",
            dependencies: [
                "Base", "Distributions", "Indexing", "VideoEncoding", "Retrieval", "Fuzzing", "TestSupport",
            ]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["TestSupport"], exclude: ["Snapshots"]),
    ],
    swiftLanguageModes: [.v6]
)

// Optimising these tests takes longer than it saves: what they test is optimised. The others calculate much themselves.
for name in [
    "VideoDecoding", "Indexing", "SharedIndexing", "Ingestion", "Cleanup", "Service", "HTTPService",
    "Fuzzing",
    "CommandLine",
] {
    package.targets.first { $0.name == name + "Tests" }?.swiftSettings = [.unsafeFlags(["-Onone"])]
}

// Swift's libraries inside the program: loading them takes 8 of the 16 ms that it needs to start. Named are those that Foundation's
// static libraries need of each other. (Other linkers warn of a function of Foundation's.) Sanitizers want them outside.
if Context.environment["MIXTAPE_SANITIZER"] == nil {
    package.targets.first { $0.name == "mixtape" }?.linkerSettings = [
        .unsafeFlags(["-static-stdlib", "-use-ld=lld"]),
        .unsafeFlags(["-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials"]),
        .unsafeFlags(["-lCoreFoundation", "-l_FoundationCShims", "-l_FoundationCollections"]),
        .unsafeFlags(["-l_FoundationICU", "-lswiftDispatch", "-lswiftSynchronization"]),
    ]
}

// Their threads wait for each other in libgomp, where the thread sanitizer cannot look.
if Context.environment["MIXTAPE_SANITIZER"] == "thread" {
    for target in package.targets where ["CWinograd", "CTiles"].contains(target.name) {
        target.cSettings = [.unsafeFlags(["-fno-sanitize=thread"])]
    }
}

// `tools/break/fuzz` names libFuzzer's library here and gets one program more, around code that counts what it reaches.
if let library = Context.environment["MIXTAPE_LIBFUZZER"] {
    let counted = "-sanitize=fuzzer,address"
    for target in package.targets where target.type == .regular && !target.name.hasPrefix("C") {
        // The sanitizer's own tables take more than any limit of memory.
        target.swiftSettings = [.unsafeFlags([counted]), .define("SANITIZED")]
    }
    for target in package.targets where ["CDistance", "CTiles", "CWinograd", "CWorker"].contains(target.name)
    {
        target.cSettings = [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])]
    }
    package.targets.append(
        .executableTarget(
            name: "mixtape-fuzz", dependencies: ["Isolation", "Fuzzing"], path: "Tests/FuzzingDriver",
            linkerSettings: [
                .unsafeFlags(["-sanitize=address", "-Xlinker", "--undefined=LLVMFuzzerRunDriver", library]),
                .linkedLibrary("stdc++"),
            ]))
}
