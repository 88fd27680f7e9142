import Base
import NeuralNetwork

/// One object of a configuration being read: each key is taken once and checked, and what is left over is an error.
struct ConfigurationObject {
    let path: String
    /// Where the object is, such as "backbone.stages[1]"; empty for the document.
    let key: String
    private var members: [JSONValue.Member]

    init(_ value: JSONValue, key: String, path: String) throws(ModelError) {
        guard case .object(let members) = value else {
            throw ModelError(
                path: path,
                message: "\(key.isEmpty ? "the document" : key) is \(value.kind); expected an object")
        }
        self.path = path
        self.key = key
        self.members = members
    }

    func full(_ name: String) -> String { key.isEmpty ? name : "\(key).\(name)" }

    func failure(_ name: String, _ problem: String) -> ModelError {
        ModelError(path: path, message: "\(full(name)) \(problem)")
    }

    mutating func optional(_ name: String) -> JSONValue? {
        guard let index = members.firstIndex(where: { $0.key == name }) else { return nil }
        return members.remove(at: index).value
    }

    mutating func value(_ name: String) throws(ModelError) -> JSONValue {
        guard let value = optional(name) else { throw failure(name, "is missing") }
        return value
    }

    /// An object, of which `read` takes every key that may be there.
    mutating func object<Value>(
        _ name: String, _ read: (inout ConfigurationObject) throws(ModelError) -> Value
    ) throws(ModelError) -> Value {
        try object(try value(name), name, read)
    }

    func object<Value>(
        _ value: JSONValue, _ name: String, _ read: (inout ConfigurationObject) throws(ModelError) -> Value
    ) throws(ModelError) -> Value {
        var object = try ConfigurationObject(value, key: full(name), path: path)
        let result = try read(&object)
        try object.finish()
        return result
    }

    /// An array of such objects.
    mutating func objects<Value>(
        _ name: String, count: ClosedRange<Int>,
        _ read: (inout ConfigurationObject) throws(ModelError) -> Value
    ) throws(ModelError) -> [Value] {
        let elements = try array(name)
        guard count.contains(elements.count) else {
            throw failure(
                name, "has \(elements.count) elements; expected \(count.lowerBound) to \(count.upperBound)")
        }
        var result: [Value] = []
        for (index, element) in elements.enumerated() {
            result.append(try object(element, "\(name)[\(index)]", read))
        }
        return result
    }

    mutating func string(_ name: String) throws(ModelError) -> String {
        let value = try value(name)
        guard case .string(let text) = value else {
            throw failure(name, "is \(value.kind); expected a string")
        }
        // A database's text would end there.
        guard !text.utf8.contains(0) else { throw failure(name, "holds a zero byte") }
        return text
    }

    mutating func bool(_ name: String) throws(ModelError) -> Bool {
        let value = try value(name)
        guard case .bool(let flag) = value else {
            throw failure(name, "is \(value.kind); expected true or false")
        }
        return flag
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        try integer(try value(name), name, in: range)
    }

    func integer(_ value: JSONValue, _ name: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        guard let number = value.integerValue else {
            throw failure(name, "is \(value.kind); expected an integer")
        }
        guard range.contains(number) else {
            throw failure(name, "is \(number); expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func number(_ name: String, in range: ClosedRange<Double>) throws(ModelError) -> Double {
        try number(try value(name), name, in: range)
    }

    /// The default is for a member that is not there; null is an error as elsewhere.
    mutating func number(
        _ name: String, in range: ClosedRange<Double>, otherwise: Double
    ) throws(ModelError) -> Double {
        guard let value = optional(name) else { return otherwise }
        return try number(value, name, in: range)
    }

    private func number(
        _ value: JSONValue, _ name: String, in range: ClosedRange<Double>
    ) throws(ModelError) -> Double {
        guard let read = value.doubleValue else {
            throw failure(name, "is \(value.kind); expected a number")
        }
        // Never −0: the same configuration has one text.
        let number = read == 0 ? 0 : read
        guard range.contains(number) else {
            throw failure(name, "is \(number); expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func array(_ name: String) throws(ModelError) -> [JSONValue] {
        let value = try value(name)
        guard case .array(let elements) = value else {
            throw failure(name, "is \(value.kind); expected an array")
        }
        return elements
    }

    mutating func numbers(
        _ name: String, count: Int, in range: ClosedRange<Double>
    ) throws(ModelError) -> [Double] {
        let elements = try array(name)
        guard elements.count == count else {
            throw failure(name, "has \(elements.count) elements; expected \(count)")
        }
        var result: [Double] = []
        for (index, element) in elements.enumerated() {
            result.append(try number(element, "\(name)[\(index)]", in: range))
        }
        return result
    }

    mutating func extent(_ name: String, in range: ClosedRange<Int>) throws(ModelError) -> Extent3D {
        let elements = try array(name)
        guard elements.count == 3 else {
            throw failure(name, "has \(elements.count) elements; expected 3 (time, height, width)")
        }
        return Extent3D(
            try integer(elements[0], "\(name)[0]", in: range),
            try integer(elements[1], "\(name)[1]", in: range),
            try integer(elements[2], "\(name)[2]", in: range))
    }

    /// To be called when all known keys are taken.
    func finish() throws(ModelError) {
        if let unknown = members.first {
            throw ModelError(
                path: path, message: "unknown key \"\(full(unknown.key))\"",
                hint: "check the spelling, or use a newer version of this software")
        }
    }
}
