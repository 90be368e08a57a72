using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Audit;

/// <summary>Converts an audit entry to the event that integrations deliver, in the native schema.</summary>
internal static class AuditEvent
{
    private const int MaxRepresentation = 16 * 1024;

    // These change with every update and carry no information about it.
    private static readonly string[] Bookkeeping = ["version", "updatedAt"];

    /// <summary>The event for a row; its key is that of the row, so that it is stored once however often it is announced.</summary>
    public static IncomingEvent Of(AuditRow row) => Of(row.Entry, row.At, $"audit|{row.Id}|{Convert.ToHexString(row.Hash)}", row);

    /// <summary>The event for an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="identity">Distinguishes it from others.</param>
    /// <param name="row">Its row, whose id and hash are included; null if it has none yet.</param>
    public static IncomingEvent Of(AuditEntry entry, DateTimeOffset at, string identity, AuditRow? row)
    {
        var key = EventKey.FromHash(Encoding.UTF8.GetBytes(identity));
        var type = TypeOf(entry.Kind);
        var changed = FindChanged(entry);
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("event_id"u8, key.ToString());
            json.WriteString("timestamp"u8, at);
            json.WriteString("event_type"u8, type);
            json.WriteString("outcome"u8, entry.Outcome switch { AuditOutcome.Success => "success"u8, AuditOutcome.Refused => "failure"u8, _ => "unknown"u8 });
            WriteIfAny(json, "subject", entry.Name);
            WriteIfAny(json, "subject_id", entry.Target);
            WriteIfAny(json, "requestor", entry.Caller);
            WriteIfAny(json, "requestor_id", entry.Credential);
            WriteIfAny(json, "ip_address", entry.Address);
            json.WriteString("reason"u8, Sentence(entry, changed));
            json.WriteString("audit_action"u8, entry.Action);
            if (row is not null)
            {
                json.WriteNumber("audit_id"u8, row.Id);
                json.WriteString("audit_hash"u8, Convert.ToHexStringLower(row.Hash));
            }

            if (changed.ToJsonString() is { Length: <= MaxRepresentation } representation && changed.Count > 0)
            {
                json.WriteString("representation"u8, representation);
            }

            json.WriteEndObject();
        }

        return new IncomingEvent(at.ToUnixTimeMilliseconds(), key, null, output.WrittenMemory);
    }

    private static string TypeOf(string kind) => kind switch
    {
        AuditKind.Configuration => "CONFIGURATION_CHANGED",
        AuditKind.Operation => "OPERATOR_ACTION",
        _ => "ACCESS_REFUSED",
    };

    private static string Sentence(AuditEntry entry, JsonObject changed)
    {
        var sentence = new StringBuilder(entry.Action);
        Append(sentence, " of ", entry.Target);
        Append(sentence, " by ", string.Join(", ", new[] { entry.Caller, entry.Credential }.Where(one => one.Length > 0)));
        Append(sentence, " from ", entry.Address);
        sentence.Append(System.Globalization.CultureInfo.InvariantCulture, $": {entry.Outcome}");
        if (entry.Status > 0)
        {
            sentence.Append(System.Globalization.CultureInfo.InvariantCulture, $" (HTTP {entry.Status})");
        }

        sentence.Append('.');
        if (entry is { Before: not null, After: not null })
        {
            sentence.Append(" Changed: ").AppendJoin(", ", changed.Select(member => member.Key)).Append('.');
        }

        return sentence.ToString();
    }

    /// <summary>The changed members, each with its value before and after.</summary>
    private static JsonObject FindChanged(AuditEntry entry)
    {
        var (before, after) = (Parse(entry.Before), Parse(entry.After));
        var changed = new JsonObject();
        foreach (var name in before.Select(member => member.Key).Union(after.Select(member => member.Key)).Except(Bookkeeping))
        {
            if (!JsonNode.DeepEquals(before[name], after[name]))
            {
                changed[name] = new JsonObject { ["before"] = before[name]?.DeepClone(), ["after"] = after[name]?.DeepClone() };
            }
        }

        return changed;
    }

    private static JsonObject Parse(string? json) => json is null ? [] : JsonNode.Parse(json)!.AsObject();

    private static void WriteIfAny(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, text);
        }
    }

    private static void Append(StringBuilder sentence, string before, string text)
    {
        if (text.Length > 0)
        {
            sentence.Append(before).Append(text);
        }
    }
}
