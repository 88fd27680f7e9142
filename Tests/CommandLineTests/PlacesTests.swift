import Foundation
import TestSupport
import Testing

/// Where the index and the model are looked for, by a program that stands outside of its clone.
@Suite struct PlacesTests {
    private let folder: TemporaryFolder
    private let program: String
    private let material: Material

    init() throws {
        material = try Material.shared.get()
        folder = try TemporaryFolder()
        program = folder.path + "/bin/mixtape"
        try FileManager.default.createDirectory(
            atPath: folder.path + "/bin", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: BuiltProgram.path, toPath: program)
    }

    /// With nothing of this machine's in the environment.
    private func run(_ arguments: String..., with environment: [String: String] = [:]) throws
        -> Running.Outcome
    {
        var all = ["HOME": folder.path + "/home"]
        for name in ["XDG_DATA_HOME", "MIXTAPE_INDEX", "MIXTAPE_MODEL", "MIXTAPE_HTTP", "MIXTAPE_LOG"] {
            all[name] = ""
        }
        all.merge(environment) { $1 }
        return try Running(arguments, program: program, environment: all).outcome()
    }

    private func put(modelAt place: String) throws {
        let path = folder.path + "/" + place
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: material.model, toPath: path)
    }

    @Test func withoutAnyNameTheUserHasAnIndex() throws {
        try put(modelAt: "bin/models/default")
        let made = try run("index", material.video(0))
        #expect(made.status == 0, "\(made.errors)")
        let data = folder.path + "/home/.local/share/mixtape"
        #expect(FileManager.default.fileExists(atPath: data + "/index/videos.sqlite"))
        let said = try run("info").output
        #expect(said.contains("index   \(data)/index, "))
        #expect(said.contains("  from  the default of this user\n"))
        #expect(said.contains("  from  \(folder.path)/bin/models/default, beside the program\n"))
    }

    @Test func theEnvironmentGoesBeforeTheDefaultsAndAnOptionBeforeBoth() throws {
        try put(modelAt: "data/mixtape/models/other")
        let data = ["XDG_DATA_HOME": folder.path + "/data", "MIXTAPE_MODEL": "other"]
        #expect(try run("index", material.video(0), with: data).status == 0)
        let said = try run("info", with: data).output
        #expect(said.contains("index   \(folder.path)/data/mixtape/index, "))
        #expect(
            said.contains("  from  \(folder.path)/data/mixtape/models/other, $MIXTAPE_MODEL, this user's\n"))
        let elsewhere = data.merging(["MIXTAPE_INDEX": folder.path + "/elsewhere"]) { $1 }
        #expect(try run("index", material.video(1), with: elsewhere).status == 0)
        #expect(try run("list", with: elsewhere).output.contains(material.video(1)))
        #expect(!(try run("list", with: data).output.contains(material.video(1))))
        let named = try run("info", "--index", folder.path + "/data/mixtape/index", with: elsewhere)
        #expect(named.output.contains("  from  --index\n"))
    }

    @Test func whatIsMissingIsNamed() throws {
        let homeless = try run("info", with: ["HOME": ""])
        #expect(homeless.status != 0 && homeless.errors.contains("HOME"))
        #expect(homeless.errors.contains("--index"))
        // Without a model nothing can be indexed; what is indexed can still be listed.
        let modelless = try run("index", material.video(0))
        #expect(modelless.status != 0 && modelless.errors.contains("/models/default/config.json"))
        try put(modelAt: "bin/models/default")
        #expect(try run("index", material.video(0)).status == 0)
        try FileManager.default.removeItem(atPath: folder.path + "/bin/models")
        #expect(try run("list").output.contains(material.video(0)))
        let address = try run("serve", with: ["MIXTAPE_HTTP": "nowhere"])
        #expect(address.status != 0 && address.errors.contains("MIXTAPE_HTTP"))
    }
}
