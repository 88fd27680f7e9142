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

        // Floor 1: files to clips; probability; tensors.
        .target(name: "VideoDecoding", dependencies: ["CFFmpeg", "CLazyLibraries"]),
        .target(
            name: "Distributions",
            dependencies: [.product(name: "HeapModule", package: "swift-collections")]),
        .target(name: "Tensors", dependencies: ["COpenBLAS", "CLazyLibraries"]),

        // Floor 2: layers; the on-disk index.
        .target(name: "NeuralNetwork", dependencies: ["COneDNN", "CWinograd", "CTiles", "Tensors"]),
        .target(
            name: "Indexing",
            dependencies: [
                "CDistance", "VideoDecoding", "Distributions", "Tensors",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),

        // Floor 3: the same index on a PostgreSQL server, for many machines; a video becomes a mixture.
        .target(
            name: "SharedIndexing",
            dependencies: [
                "CPostgres", "CLazyLibraries", "VideoDecoding", "Distributions", "Tensors", "Indexing",
            ]),
        .target(
            name: "VideoEncoding",
            dependencies: ["VideoDecoding", "Distributions", "Tensors", "NeuralNetwork"]),

        // Floor 4: folder → index; query → ranking; paper's training.
        .target(
            name: "Ingestion",
            dependencies: ["VideoDecoding", "VideoEncoding", "Indexing", "SharedIndexing"]),
        .target(
            name: "Retrieval",
            dependencies: ["CDistance", "VideoDecoding", "Distributions", "Indexing"]),
        .target(
            name: "Training",
            dependencies: [
                "COpenBLAS", "CLazyLibraries", "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork",
                "VideoEncoding",
            ]),

        // Floor 5: measurements on labelled videos; JSON lines.
        .target(
            name: "Evaluation",
            dependencies: [
                "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding", "Training",
            ]),
        .target(
            name: "Service",
            dependencies: [
                "CWorker", "VideoDecoding", "Distributions", "Tensors", "Ingestion", "Retrieval", "Indexing",
                "SharedIndexing", "VideoEncoding",
            ],
            exclude: ["README.md"],
            resources: [.embedInCode("protocol.schema.json")]),

        // Floor 6: HTTP, beside the JSON lines; nothing else builds with Hummingbird.
        .target(
            name: "HTTPService",
            dependencies: [
                "VideoDecoding", "Indexing", "VideoEncoding", "Service",
                .product(name: "Hummingbird", package: "hummingbird", condition: withHTTP),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: withHTTP),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: withHTTP),
                .product(name: "NIOCore", package: "swift-nio", condition: withHTTP),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: withHTTP),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: withHTTP),
                .product(name: "Logging", package: "swift-log", condition: withHTTP),
            ],
            exclude: ["README.md"],
            resources: [.embedInCode("Page/Files")]),

        // Floor 7: the command line.
        .executableTarget(
            name: "mixtape",
            dependencies: [
                "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding", "Indexing",
                "SharedIndexing", "Ingestion", "Retrieval", "Training", "Evaluation", "Service",
                .target(name: "HTTPService", condition: withHTTP),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log", condition: withHTTP),
                .product(name: "NIOCore", package: "swift-nio", condition: withHTTP),
            ]),

        // What fuzzers hold readers of untrusted bytes against; the tests replay what they found.
        .target(
            name: "Fuzzing",
            dependencies: [
                "VideoDecoding", "Distributions", "Tensors", "Indexing", "VideoEncoding", "Retrieval",
                "Training", "Evaluation", "Ingestion", "Service", "HTTPService",
            ],
            path: "Tests/Fuzzing"),
        // Where tests that run the program find it.
        .target(name: "BuiltProgram", path: "Tests/BuiltProgram"),

        // Those that run the program find it beside them: `swift test` builds every product first. No target depends on it,
        // or its linker flags would be the tests' as well.
        .testTarget(name: "VideoDecodingTests", dependencies: ["VideoDecoding"]),
        .testTarget(name: "DistributionsTests", dependencies: ["Distributions"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(
            name: "NeuralNetworkTests", dependencies: ["CWinograd", "CTiles", "Tensors", "NeuralNetwork"]),
        .testTarget(name: "IndexingTests", dependencies: ["VideoDecoding", "Distributions", "Indexing"]),
        .testTarget(
            name: "SharedIndexingTests",
            dependencies: [
                "VideoDecoding", "Distributions", "Indexing", "SharedIndexing", "VideoEncoding", "Ingestion",
                "Retrieval", "BuiltProgram",
            ]),
        .testTarget(
            name: "VideoEncodingTests",
            dependencies: ["VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding"]),
        .testTarget(
            name: "RetrievalTests",
            dependencies: ["CDistance", "VideoDecoding", "Distributions", "Indexing", "Retrieval"]),
        .testTarget(
            name: "IngestionTests",
            dependencies: ["VideoDecoding", "Distributions", "Indexing", "VideoEncoding", "Ingestion"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "VideoDecoding", "Distributions", "Tensors", "NeuralNetwork", "VideoEncoding", "Training",
            ]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "VideoDecoding", "Distributions", "NeuralNetwork", "VideoEncoding", "Retrieval", "Evaluation",
            ]),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "CWorker", "VideoDecoding", "Distributions", "Indexing", "VideoEncoding", "Ingestion",
                "Service",
                "BuiltProgram",
            ]),
        .testTarget(
            name: "HTTPServiceTests",
            dependencies: [
                "VideoDecoding", "Distributions", "Indexing", "Service", "HTTPService", "BuiltProgram",
            ]),
        .testTarget(
            name: "FuzzingTests",
            dependencies: [
                "VideoDecoding", "Distributions", "Indexing", "VideoEncoding", "Retrieval", "Fuzzing",
                "BuiltProgram",
            ]),
        .testTarget(name: "CommandLineTests", dependencies: ["BuiltProgram"], exclude: ["Snapshots"]),
    ],
    swiftLanguageModes: [.v6]
)

// Optimising these tests takes longer than it saves: what they test is optimised. The others calculate much themselves.
for name in [
    "VideoDecoding", "Indexing", "SharedIndexing", "Ingestion", "Service", "HTTPService", "Fuzzing",
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

// `tools/fuzz` names libFuzzer's library here and gets one program more, around code that counts what it reaches.
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
            name: "mixtape-fuzz", dependencies: ["Fuzzing", "Service"], path: "Tests/FuzzingDriver",
            linkerSettings: [
                .unsafeFlags(["-sanitize=address", "-Xlinker", "--undefined=LLVMFuzzerRunDriver", library]),
                .linkedLibrary("stdc++"),
            ]))
}
