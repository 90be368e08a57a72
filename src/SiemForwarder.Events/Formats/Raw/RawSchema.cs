namespace SiemForwarder.Events.Formats.Raw;

/// <summary>The raw schema: the source's JSON on one line, with secrets masked.</summary>
internal static class RawSchema
{
    public const string Id = "raw";
}
