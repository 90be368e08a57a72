namespace SiemForwarder.Connections;

/// <summary>What is wrong with one setting that only this destination has.</summary>
/// <param name="Field">Name in the API: <c>settings.token</c>.</param>
/// <param name="Sentence">What to give instead, for people; never holds the value of a secret.</param>
public sealed record SettingFault(string Field, string Sentence);
