using System.Globalization;
using System.Text.Json;

namespace SiemForwarder.Detections.Fields;

/// <summary>What stands in a field of an event.</summary>
public enum FieldKind : byte
{
    Absent,
    Null,
    Text,
    Number,
    Boolean,
    List,

    /// <summary>A map: it is there, and no text is equal to it.</summary>
    Object,
}

/// <summary>The value of one field of one event, as rules compare it.</summary>
public readonly struct FieldValue
{
    public static readonly FieldValue Absent;

    public static readonly FieldValue Null = new(FieldKind.Null, null, 0);

    public static readonly FieldValue Object = new(FieldKind.Object, null, 0);

    private readonly object? content;
    private readonly long integer;

    private FieldValue(FieldKind kind, object? content, long integer)
    {
        Kind = kind;
        this.content = content;
        this.integer = integer;
    }

    public FieldKind Kind { get; }

    /// <summary>True for a text, a number, true and false: what can be compared with a value of a rule.</summary>
    public bool IsScalar => Kind is FieldKind.Text or FieldKind.Number or FieldKind.Boolean;

    public bool IsAbsentOrNull => Kind is FieldKind.Absent or FieldKind.Null;

    /// <summary>The elements of a list; empty for anything else.</summary>
    public ReadOnlySpan<FieldValue> Items => content as FieldValue[];

    /// <summary>The value as text: a number as the event wrote it, <c>true</c> or <c>false</c>; empty for what is no scalar.</summary>
    public string Text => content as string ?? (Kind == FieldKind.Number ? integer.ToString(CultureInfo.InvariantCulture) : "");

    /// <summary>A text, or an absent field where there is none.</summary>
    public static FieldValue Of(string? text) => text is null ? Absent : new(FieldKind.Text, text, 0);

    public static FieldValue Of(long number) => new(FieldKind.Number, null, number);

    public static FieldValue Of(bool value) => new(FieldKind.Boolean, value ? "true" : "false", 0);

    public static FieldValue Of(double number) => OfNumber(number.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>A number with the digits that its sender wrote.</summary>
    public static FieldValue OfNumber(string digits) => new(FieldKind.Number, digits, 0);

    public static FieldValue Of(FieldValue[] items) => new(FieldKind.List, items, 0);

    /// <summary>The value of a member of JSON; numbers keep the digits that the sender wrote.</summary>
    public static FieldValue Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => Of(element.GetString()),
        JsonValueKind.Number => OfNumber(element.GetRawText()),
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        JsonValueKind.Null => Null,
        JsonValueKind.Array => Of(element.EnumerateArray().Select(Of).ToArray()),
        JsonValueKind.Object => Object,
        _ => Absent,
    };
}
