namespace SiemForwarder.Events.Formats.Raw;

/// <summary>The raw schema: the JSON of the source on one line, secrets masked.</summary>
internal static class RawSchema
{
    public const string Id = "raw";
}
