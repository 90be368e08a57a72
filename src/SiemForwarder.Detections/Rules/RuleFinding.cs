namespace SiemForwarder.Detections.Rules;

/// <summary>One sentence about a rule: why it is refused, or what its author should look at.</summary>
/// <param name="Rule">Title of the rule, or the document of the file where it has none that can be read.</param>
/// <param name="Path">Where in the document: <c>detection.selection.ip|cidr</c>; empty for the whole of it.</param>
/// <param name="Reason">What is wrong and what to write instead, without a full stop.</param>
public sealed record RuleFinding(string Rule, string Path, string Reason)
{
    public override string ToString() => Path.Length == 0 ? $"Rule '{Rule}': {Reason}." : $"Rule '{Rule}', {Path}: {Reason}.";
}
