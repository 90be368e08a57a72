using System.Globalization;
using System.Text;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.Fields;

/// <summary>What an admin event changed of an object, on the watched paths.</summary>
internal sealed class ObjectChange(IReadOnlyDictionary<string, FieldValue> now, IReadOnlyDictionary<string, FieldValue>? before)
{
    /// <summary>The value that is another than before; absent at the first sight of the object, and where nothing changed.</summary>
    public FieldValue FindChanged(string path) =>
        before is null || !now.TryGetValue(path, out var value) || ObjectHistory.Write(value) == ObjectHistory.Write(before.GetValueOrDefault(path))
            ? FieldValue.Absent
            : value;

    /// <summary>The value before, absent where it was not known.</summary>
    public FieldValue FindPrevious(string path) => before?.GetValueOrDefault(path) ?? FieldValue.Absent;
}

/// <summary>The newest representation of each object, by realm and path, on the paths that rules watch; bounded, the stalest leave first.</summary>
/// <remarks>An admin event carries the whole object, not what changed (keycloak/keycloak#10545). Secrets are redacted before they get here.</remarks>
internal sealed class ObjectHistory(IReadOnlyCollection<string> paths, int maxObjects)
{
    // A value of a watched path longer than this is kept by its beginning: that it changed still shows.
    private const int MaxValueLength = 4096;

    private readonly Dictionary<string, Entry> objects = new(StringComparer.Ordinal);

    private sealed record Entry(Dictionary<string, FieldValue> Values, long Touch);

    private long touches;

    /// <summary>Objects that were forgotten to make room.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>Compares an event with what was known of its object and remembers it.</summary>
    /// <returns>Null for an event without a representation that can be read.</returns>
    public ObjectChange? Follow(EventFields fields)
    {
        var admin = fields.Event.Admin;
        if (paths.Count == 0 || admin is null || fields.Event.Outcome == EventOutcome.Failure)
        {
            return null;
        }

        // A CREATE names the list it adds to, so the object itself is known by its id.
        var path = admin.Operation == "CREATE" && admin.ResourceId is { } id && !admin.ResourcePath.EndsWith(id, StringComparison.Ordinal)
            ? $"{admin.ResourcePath.TrimEnd('/')}/{id}"
            : admin.ResourcePath;
        var key = string.Create(CultureInfo.InvariantCulture, $"{fields.Event.Source.Id}\n{fields.Event.RealmId}\n{path}");
        if (admin.Operation == "DELETE")
        {
            objects.Remove(key);
            return null;
        }

        if (admin.Representation is null)
        {
            return null;
        }

        var now = new Dictionary<string, FieldValue>(StringComparer.Ordinal);
        foreach (var watched in paths)
        {
            var value = fields.FindInRepresentation(watched);
            if (value.Kind != FieldKind.Absent)
            {
                now[watched] = Read(Write(value));
            }
        }

        var before = objects.GetValueOrDefault(key);
        if (now.Count == 0 && before is null)
        {
            return null;
        }

        // An update may carry a part of the object only; what it leaves out stays as it was.
        var merged = before is null ? now : new Dictionary<string, FieldValue>(before.Values, StringComparer.Ordinal);
        foreach (var (watched, value) in now)
        {
            merged[watched] = value;
        }

        objects[key] = new Entry(merged, ++touches);
        EvictStale();
        return new ObjectChange(now, before?.Values);
    }

    public void WriteTo(BinaryWriter writer)
    {
        writer.Write(touches);
        writer.Write(EvictedCount);
        writer.Write(objects.Count);
        foreach (var (key, entry) in objects.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            writer.Write(key);
            writer.Write(entry.Touch);
            writer.Write(entry.Values.Count);
            foreach (var (path, value) in entry.Values.OrderBy(one => one.Key, StringComparer.Ordinal))
            {
                writer.Write(path);
                writer.Write(Write(value));
            }
        }
    }

    public void ReadFrom(BinaryReader reader)
    {
        objects.Clear();
        touches = reader.ReadInt64();
        EvictedCount = reader.ReadInt64();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var key = reader.ReadString();
            var touch = reader.ReadInt64();
            var values = new Dictionary<string, FieldValue>(StringComparer.Ordinal);
            for (var count = reader.ReadInt32(); count > 0; count--)
            {
                var path = reader.ReadString();
                values[path] = Read(reader.ReadString());
            }

            objects[key] = new Entry(values, touch);
        }
    }

    /// <summary>One text for each value: the kind, then what it says.</summary>
    internal static string Write(FieldValue value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.Length <= MaxValueLength || value.Kind == FieldKind.List ? text.ToString() : text.ToString(0, MaxValueLength);
    }

    private static void Append(StringBuilder text, FieldValue value)
    {
        text.Append((char)('0' + (int)value.Kind));
        if (value.Kind != FieldKind.List)
        {
            text.Append(value.Text);
            return;
        }

        foreach (var item in value.Items)
        {
            var written = Write(item);
            text.Append(written.Length).Append(':').Append(written);
        }
    }

    private static FieldValue Read(string written)
    {
        var text = written[1..];
        return (FieldKind)(written[0] - '0') switch
        {
            FieldKind.Null => FieldValue.Null,
            FieldKind.Text => FieldValue.Of(text),
            FieldKind.Number => FieldValue.OfNumber(text),
            FieldKind.Boolean => FieldValue.Of(text == "true"),
            FieldKind.List => ReadList(text),
            FieldKind.Object => FieldValue.Object,
            _ => FieldValue.Absent,
        };
    }

    private static FieldValue ReadList(string text)
    {
        var items = new List<FieldValue>();
        for (var at = 0; at < text.Length;)
        {
            var colon = text.IndexOf(':', at);
            var length = int.Parse(text.AsSpan(at, colon - at), CultureInfo.InvariantCulture);
            items.Add(Read(text.Substring(colon + 1, length)));
            at = colon + 1 + length;
        }

        return FieldValue.Of([.. items]);
    }

    private void EvictStale()
    {
        if (objects.Count <= maxObjects)
        {
            return;
        }

        var leaving = objects.OrderBy(one => one.Value.Touch).Take(Math.Max(1, maxObjects / 10)).Select(one => one.Key).ToList();
        foreach (var key in leaving)
        {
            objects.Remove(key);
            EvictedCount++;
        }
    }
}
