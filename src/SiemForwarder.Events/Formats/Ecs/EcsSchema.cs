namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>The Elastic Common Schema (elastic/ecs, tag v9.4.0).</summary>
internal static class EcsSchema
{
    public const string Id = "ecs";

    public static ReadOnlySpan<byte> Version => "9.4.0"u8;
}
