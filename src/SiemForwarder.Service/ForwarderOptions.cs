using System.ComponentModel.DataAnnotations;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service;

/// <summary>Settings of the process; section <c>Forwarder</c>.</summary>
internal sealed class ForwarderOptions
{
    public const string Section = "Forwarder";

    /// <summary>Folder for the service's own files and the private database.</summary>
    [DefaultInWords("a folder of the user's own; `/var/lib/siemforwarder` for root")]
    public string DataFolder { get; set; } = Environment.UserName == "root" && !OperatingSystem.IsWindows()
        ? "/var/lib/siemforwarder"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "SiemForwarder");

    /// <summary>Memory in bytes for segments, keys, resend windows, batches and pushed requests together, beside the 150 to 200 MB of the runtime and the
    /// program. When it is short, segments and keys are dropped and read again, batches get smaller, and at last pushes are refused with
    /// 503.</summary>
    [Range(96L * 1024 * 1024, 64L * 1024 * 1024 * 1024)]
    public long MemoryBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>What destinations that write files may do here.</summary>
    public FileDestinationOptions FileDestination { get; set; } = new();

    /// <summary>Configuration file, or folder of such files, that is applied at the start and on every change (docs/configuration.md).</summary>
    public string? ConfigurationFile { get; set; }

    /// <summary>How often an engine checks for changes: to the configuration file, and to sources and integrations made on other engines.</summary>
    public TimeSpan ConfigurationInterval { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>What destinations that write files may do on this engine.</summary>
internal sealed class FileDestinationOptions
{
    /// <summary>Folder in which <c>file</c> destinations may write; without it they cannot, so that access to the API alone never allows writing
    /// files.</summary>
    public string? Folder { get; set; }
}
