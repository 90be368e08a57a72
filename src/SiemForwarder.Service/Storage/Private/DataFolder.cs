namespace SiemForwarder.Service.Storage.Private;

/// <summary>Makes folders and files of the service that are nobody else's business.</summary>
internal static class DataFolder
{
    public const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnFolder = OwnFile | UnixFileMode.UserExecute;

    // Where the database runs as another user, that one has to get to its folder, and no more.
    private const UnixFileMode Passable = OwnFolder | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes a folder where there is none; one that is there stays as its owner made it.</summary>
    /// <exception cref="DatabaseStartException">With one sentence for the operator.</exception>
    public static void Make(string path, bool othersPass = false)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, othersPass ? Passable : OwnFolder);
            }
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new DatabaseStartException(
                $"The data folder {path} cannot be made or written ({exception.Message}): set Forwarder__DataFolder to a folder of this user's own, "
                    + "or name a PostgreSQL by ConnectionStrings__Forwarder.");
        }
    }

    /// <summary>How to open a file that from its first moment only this user can open.</summary>
    public static FileStreamOptions Own(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnFile;
        }

        return options;
    }
}
