namespace SiemForwarder.Events.Formats.Cim;

/// <summary>Parses the catalogue's CIM classification of an event: <c>Change/Account_Management action=modified object_attrs=mfa</c>.</summary>
internal static class CimAction
{
    /// <summary><c>success</c>, <c>failure</c>, <c>pending</c> or <c>error</c>.</summary>
    public static ReadOnlySpan<byte> OfAuthentication(string model, EventOutcome outcome) =>
        model.Contains("action=error", StringComparison.Ordinal) || outcome == EventOutcome.Unknown ? "error"u8
        : outcome == EventOutcome.Failure ? "failure"u8
        : model.Contains("action=pending", StringComparison.Ordinal) ? "pending"u8
        : "success"u8;

    /// <summary>The action of a change: the value of <c>action=</c>, or the last word.</summary>
    public static ReadOnlySpan<char> OfChange(ReadOnlySpan<char> model)
    {
        var action = Value(model, "action=");
        return action.IsEmpty ? model[(model.LastIndexOf(' ') + 1)..] : action;
    }

    /// <summary>The text after a name, up to the next space; empty if the name is missing.</summary>
    public static ReadOnlySpan<char> Value(ReadOnlySpan<char> model, ReadOnlySpan<char> name)
    {
        var at = model.IndexOf(name);
        if (at < 0)
        {
            return [];
        }

        var rest = model[(at + name.Length)..];
        var end = rest.IndexOf(' ');
        return end < 0 ? rest : rest[..end];
    }
}
