package dev.crossroom

import kotlinx.serialization.json.JsonElement

/**
 * A JSON value, or binary data inside of one (PROTOCOL.md, 5). Immutable, and compared by content.
 *
 * Made by [json] and [Value.of]; read by [get], [text], [long] and the like, which give null where the value is of another type.
 */
public sealed class Value {
    /** JSON's `null`. */
    public object Null : Value()

    /** `true` or `false`. */
    public data class Bool(public val value: Boolean) : Value() {
        override fun toString(): String = super.toString()
    }

    /** A number that was written without fraction and exponent. Exact up to 2^53-1 on its way through the server, and no further. */
    public data class Integer(public val value: Long) : Value() {
        override fun toString(): String = super.toString()
    }

    /** Any other number. Finite, or it cannot be sent. */
    public data class Decimal(public val value: Double) : Value() {
        override fun toString(): String = super.toString()
    }

    /** A string. */
    public data class Text(public val value: String) : Value() {
        override fun toString(): String = super.toString()
    }

    /** Binary data. The array is not copied: do not change it. */
    public class Binary(public val value: ByteArray) : Value() {
        override fun equals(other: Any?): Boolean = other is Binary && value.contentEquals(other.value)

        override fun hashCode(): Int = value.contentHashCode()
    }

    /** A list of values. */
    public data class Array(public val items: List<Value>) : Value() {
        override fun toString(): String = super.toString()
    }

    /** An object: its fields in their order. */
    public data class Object(public val fields: Map<String, Value>) : Value() {
        override fun toString(): String = super.toString()
    }

    /** The field of an object; null where there is none, or where this is no object. */
    public operator fun get(name: String): Value? = (this as? Object)?.fields?.get(name)

    /** The item of an array, counted from 0; null where there is none, or where this is no array. */
    public operator fun get(index: Int): Value? = (this as? Array)?.items?.getOrNull(index)

    /** The string, if it is one. */
    public val text: String? get() = (this as? Text)?.value

    /** The number, if it is a whole one. */
    public val long: Long? get() = (this as? Integer)?.value

    /** The number, if it is one. */
    public val double: Double? get() = (this as? Decimal)?.value ?: (this as? Integer)?.value?.toDouble()

    /** The boolean, if it is one. */
    public val boolean: Boolean? get() = (this as? Bool)?.value

    /** The binary data, if it is such. Not a copy: do not change it. */
    public val bytes: ByteArray? get() = (this as? Binary)?.value

    /** The items, if it is an array. */
    public val list: List<Value>? get() = (this as? Array)?.items

    /** The fields, if it is an object. */
    public val map: Map<String, Value>? get() = (this as? Object)?.fields

    /** Whether it is JSON's `null`. */
    public val isNull: Boolean get() = this === Null

    /** The value as `kotlinx.serialization` has it, for `Json.decodeFromJsonElement`; binary data is `{"$binary":"<base64>"}` there. */
    public fun toJsonElement(): JsonElement = JsonText.toElement(this)

    /** The value as JSON; binary data as `{"$binary":"<base64>"}`. */
    override fun toString(): String = JsonText.write(this)

    /** Makes values. */
    public companion object {
        /**
         * The value for a null, [Boolean], number, [String], [ByteArray], [List], array, [Map] with string keys, [Pair]s of them
         * in [json], [JsonElement] or [Value].
         *
         * @throws IllegalArgumentException for anything else, at any depth, and for a number that is not finite.
         */
        @JvmStatic
        public fun of(value: Any?): Value = valueOf(value)
    }
}

/**
 * An object: `json("text" to "Hello", "tags" to listOf("a", "b"))`. What each field may be: [Value.of].
 *
 * @throws IllegalArgumentException for a value that JSON has not.
 */
public fun json(vararg fields: Pair<String, Any?>): Value.Object =
    Value.Object(fields.associateTo(LinkedHashMap()) { (name, value) -> name to valueOf(value) })

private fun valueOf(value: Any?): Value =
    when (value) {
        null -> Value.Null
        is Value -> value
        // Before maps and lists: JSON's objects and arrays are those too, and binary data in them would stay an object.
        is JsonElement -> JsonText.fromElement(value, withBinary = true)
        is Boolean -> Value.Bool(value)
        is Byte, is Short, is Int, is Long -> Value.Integer((value as Number).toLong())
        is Float, is Double -> decimalOf((value as Number).toDouble())
        is CharSequence -> Value.Text(value.toString())
        is ByteArray -> Value.Binary(value)
        is Map<*, *> -> objectOf(value)
        is Iterable<*> -> Value.Array(value.map(::valueOf))
        is Array<*> -> Value.Array(value.map(::valueOf))
        else -> throw IllegalArgumentException("a ${value.javaClass.name} is not a JSON value")
    }

private fun decimalOf(value: Double): Value {
    require(!value.isNaN() && !value.isInfinite()) { "JSON has no $value" }
    return Value.Decimal(value)
}

private fun objectOf(map: Map<*, *>): Value =
    Value.Object(
        map.entries.associateTo(LinkedHashMap()) { (key, value) ->
            require(key is String) { "the name of a field must be a string, and not $key" }
            key to valueOf(value)
        },
    )
