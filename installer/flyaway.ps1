# Install Flyaway on Windows, with its plugins in all editors of this user, or take all of that out again.
# It needs no Python and no administrator. Run again, it goes on where it was interrupted, or brings what is new.
#
#   powershell -ExecutionPolicy Bypass -File flyaway.ps1 [-Card CARD] [-Autostart] [-From ADDRESS]
#   powershell -ExecutionPolicy Bypass -File flyaway.ps1 -Uninstall
#
#   -Card       which graphics card torch is for: auto (what is found here), none, or a build as uv calls it
#               (cu130 and others for NVIDIA, xpu for Intel)
#   -Autostart  have the daemon started at login, without asking
#   -From       the address, or the folder, of the release to install
#   -After      wait for the process of that number to end first: Windows exchanges no program that runs
#
# All it brings lies in one folder, %LOCALAPPDATA%\flyaway\app, but for the plugins and the entry in the user's PATH.
# FLYAWAY_UV_INSTALLER names another address to have uv from, FLYAWAY_PYTHON another Python to use.
[CmdletBinding()]
param(
    [string]$Card = '',
    [string]$From = '',
    [switch]$Autostart,
    [switch]$Uninstall,
    [int]$After = 0
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue' # the bar makes downloads many times slower

$FilledAddress = '@ADDRESS@'
$UvVersion = '0.13.9'
$PythonVersion = '3.11'

$FlyawayHome = if ($env:FLYAWAY_HOME) { $env:FLYAWAY_HOME } else { Join-Path $env:LOCALAPPDATA 'flyaway' }
$App = Join-Path $FlyawayHome 'app'
$Bin = Join-Path $App 'bin'
$Flyaway = Join-Path $App 'tools\flyaway\Scripts\flyaway.exe'
$Sums = Join-Path $App 'SHA256SUMS'

function Say([string]$Sentence) { Write-Host "flyaway: $Sentence" }

function Test-Runs {
    if (-not (Test-Path $Flyaway)) { return $false }
    Invoke-Program $Flyaway @('--version') -Quiet
    return $LASTEXITCODE -eq 0
}

# Run a program; its exit status is in $LASTEXITCODE. What it writes to standard error is no error of this script.
function Invoke-Program([string]$Program, [string[]]$Arguments, [switch]$Quiet) {
    $before = $ErrorActionPreference
    $script:ErrorActionPreference = 'Continue'
    try {
        if ($Quiet) { & $Program @Arguments *> $null } else { & $Program @Arguments | Out-Host }
    } finally {
        $script:ErrorActionPreference = $before
    }
}

# --- installing ------------------------------------------------------------------------------------

function Install-All {
    Select-Source
    New-Item -ItemType Directory -Force $App | Out-Null
    Remove-Item (Join-Path $App 'removing') -ErrorAction SilentlyContinue
    $wheel = Get-Release
    $version = $wheel.Split('-')[1]
    $uv = Get-Uv
    if (Test-Runs) {
        Invoke-Program $Flyaway @('daemon', 'stop') -Quiet
        if ($LASTEXITCODE -ne 0) { throw 'The daemon could not be stopped. Run `flyaway daemon stop`, then run this again.' }
    }
    Say "Installing Flyaway $version; this may take minutes, torch is large"
    $python = if ($env:FLYAWAY_PYTHON) { @('--python', $env:FLYAWAY_PYTHON) } else { @('--managed-python', '--python', $PythonVersion) }
    Get-Packages $uv $python $wheel
    $what = @('tool', 'install', '--offline', '--force', '--torch-backend', $script:Card, '--constraints', (Join-Path $App 'locked.txt'))
    Invoke-Program $uv ($what + $python + (Join-Path $App $wheel))
    if ($LASTEXITCODE -ne 0) { throw 'uv could not install Flyaway (above). Run this again: it goes on from here.' }
    Set-Content (Join-Path $App 'source') $script:From
    Set-Content (Join-Path $App 'card') $script:Card
    Remove-Item -Recurse -Force (Join-Path $App 'cache') -ErrorAction SilentlyContinue
    Say "Flyaway $version is installed, with torch $(Get-TorchBuild)."
    Install-Plugins
    Add-ToPath
    Say 'Open a new terminal, then: update it with `flyaway update`; check it with `flyaway doctor`.'
    Say "Remove it with: powershell -ExecutionPolicy Bypass -File `"$(Join-Path $App 'flyaway.ps1')`" -Uninstall"
}

# All packages into uv's cache, held against their sums, of which `uv tool install` takes no notice: it has them from there.
function Get-Packages([string]$Uv, [string[]]$Python, [string]$Wheel) {
    $checked = Join-Path $App 'checked'
    Remove-Item -Recurse -Force $checked -ErrorAction SilentlyContinue
    New-Item -ItemType Directory $checked | Out-Null
    Get-Needed $Uv $Python $Wheel $checked
    Get-Content (Join-Path $App 'locked.txt') | Where-Object { $_ -notlike 'torch==*' } | Set-Content -Encoding Ascii (Join-Path $checked 'locked.txt')
    Get-Listed $Uv $checked 'locked.txt' @('--require-hashes')
    Get-Torch $Uv $checked
    # What this build of torch names for a card, exactly; all others are there.
    Get-Content (Join-Path $checked 'needed.txt') | Where-Object { $_ -like '*==*' } | Set-Content -Encoding Ascii (Join-Path $checked 'beside.txt')
    Get-Listed $Uv $checked 'beside.txt'
    Remove-Item -Recurse -Force $checked
}

# Which packages of which versions this machine needs.
function Get-Needed([string]$Uv, [string[]]$Python, [string]$Wheel, [string]$Checked) {
    $environment = Join-Path $Checked 'environment'
    Invoke-Program $Uv (@('venv', '--quiet') + $Python + $environment)
    if ($LASTEXITCODE -ne 0) { throw 'uv could not install Flyaway (above). Run this again: it goes on from here.' }
    Set-Content -Encoding Ascii (Join-Path $App 'wheel.txt') "./$Wheel"
    Push-Location $App
    try {
        $compile = @('pip', 'compile', '--quiet', '--no-header', '--no-annotate', '--python', $environment, '--torch-backend', $script:Card)
        $compile += @('--constraints', (Join-Path $App 'locked.txt'), '--output-file', (Join-Path $Checked 'needed.txt'), 'wheel.txt')
        Invoke-Program $Uv $compile
    } finally {
        Pop-Location
    }
    if ($LASTEXITCODE -ne 0) { throw 'uv could not install Flyaway (above). Run this again: it goes on from here.' }
}

# Each build of torch has files of its own, and uv has said which is for this card. Of some the sums are not known.
function Get-Torch([string]$Uv, [string]$Checked) {
    $build = Get-Content (Join-Path $Checked 'needed.txt') | Where-Object { $_ -like 'torch==*' } | Select-Object -First 1
    $isNeeded = $false
    $lines = foreach ($line in Get-Content (Join-Path $App 'torch.txt')) {
        if (-not $line.StartsWith(' ')) { $isNeeded = ($line -split ' ')[0] -eq $build }
        if ($isNeeded) { $line }
    }
    Set-Content -Encoding Ascii (Join-Path $Checked 'torch.txt') $lines
    Get-Listed $Uv $Checked 'torch.txt' @('--require-hashes')
    if (-not (Test-Path (Join-Path $Checked 'environment\Lib\site-packages\torch-*.dist-info'))) {
        Say "This release has no sum for $build on this system, so it comes unchecked."
    }
}

function Get-Listed([string]$Uv, [string]$Checked, [string]$List, [string[]]$Options = @()) {
    $install = @('pip', 'install', '--quiet', '--python', (Join-Path $Checked 'environment'), '--torch-backend', $script:Card, '--no-deps')
    Invoke-Program $Uv ($install + $Options + @('--requirements', (Join-Path $Checked $List)))
    if ($LASTEXITCODE -ne 0) { throw 'A package could not be fetched, or is not the one that was tested (above). Run this again: it goes on from here.' }
}

# What was asked for, else what this copy was made for; the copy of an installed Flyaway goes on as that was installed.
function Select-Source {
    $script:From = if ($From) { $From } elseif ($env:FLYAWAY_FROM) { $env:FLYAWAY_FROM } else { '' }
    if ($PSCommandPath -and $PSCommandPath -eq (Join-Path $App 'flyaway.ps1')) {
        if (-not $script:From) { $script:From = Get-Recorded 'source' }
        if (-not $Card) { $script:Card = Get-Recorded 'card' }
    }
    if (-not $script:From -and $FilledAddress.StartsWith('http')) { $script:From = $FilledAddress }
    if (-not $script:From) { throw 'This copy does not know where releases lie. Name the address, or the folder, of one: -From ADDRESS' }
    $script:From = $script:From.TrimEnd('/', '\')
    if (-not $script:Card) { $script:Card = 'auto' }
    if ($script:Card -eq 'none') { $script:Card = 'cpu' }
}

function Get-Recorded([string]$Name) {
    $file = Join-Path $App $Name
    if (Test-Path $file) { return (Get-Content $file -TotalCount 1) }
    return ''
}

# The release's files, each held against the release's list of sums, which alone is taken as it comes.
function Get-Release {
    Get-ReleaseFile 'SHA256SUMS' $Sums
    $wheel = Get-Content $Sums | ForEach-Object { ($_ -split '  ', 2)[1] } | Where-Object { $_ -like 'flyaway-*.whl' } | Select-Object -First 1
    if (-not $wheel) { throw "There is no release of Flyaway at $script:From." }
    Get-CheckedFile 'flyaway.ps1'
    Get-CheckedFile 'locked.txt'
    Get-CheckedFile 'torch.txt'
    if (-not (Test-Path (Join-Path $App $wheel))) { Remove-Item (Join-Path $App 'flyaway-*.whl') -ErrorAction SilentlyContinue }
    Get-CheckedFile $wheel
    return $wheel
}

function Get-CheckedFile([string]$Name) {
    $file = Join-Path $App $Name
    if (Test-Whole $Name $file) { return }
    Get-ReleaseFile $Name "$file.part"
    if (-not (Test-Whole $Name "$file.part")) { throw "What came as $Name from $script:From is not what the release lists. Try again later." }
    Move-Item -Force "$file.part" $file
}

function Test-Whole([string]$Name, [string]$File) {
    if (-not (Test-Path $File)) { return $false }
    $sum = (Get-FileHash -Algorithm SHA256 $File).Hash.ToLowerInvariant()
    return [bool](Get-Content $Sums | Where-Object { $_ -eq "$sum  $Name" })
}

function Get-ReleaseFile([string]$Name, [string]$Target) {
    if ($script:From -match '^https?://') {
        Get-Address "$script:From/$Name" $Target
    } else {
        Copy-Item (Join-Path $script:From $Name) $Target
    }
}

function Get-Address([string]$Address, [string]$Target) {
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    try {
        Invoke-WebRequest -UseBasicParsing -Uri $Address -OutFile $Target
    } catch {
        throw "$Address could not be fetched: $($_.Exception.Message) Check the network, then run this again: it goes on from here."
    }
}

# The uv that was fetched before, the user's own if it is new enough, else one of Flyaway's own.
function Get-Uv {
    $own = Join-Path $App 'uv\uv.exe'
    if (Test-KnowsTorch $own) { return $own }
    if (Test-KnowsTorch 'uv') { return 'uv' }
    Say "Fetching uv $UvVersion, which installs Python programs"
    $address = if ($env:FLYAWAY_UV_INSTALLER) { $env:FLYAWAY_UV_INSTALLER } else { "https://astral.sh/uv/$UvVersion/install.ps1" }
    $installer = Join-Path $App 'install-uv.ps1'
    Get-Address $address $installer
    $env:UV_UNMANAGED_INSTALL = Join-Path $App 'uv'
    Invoke-Program 'powershell' @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', $installer)
    if (-not (Test-KnowsTorch $own)) { throw 'uv could not be installed (above). Run this again: it goes on from here.' }
    return $own
}

function Test-KnowsTorch([string]$Uv) {
    if (-not (Get-Command $Uv -ErrorAction SilentlyContinue)) { return $false }
    $help = & $Uv tool install --help 2>$null | Out-String
    return $help.Contains('--torch-backend')
}

function Get-TorchBuild {
    $found = Get-ChildItem (Join-Path $App 'tools\flyaway\Lib\site-packages') -Filter 'torch-*.dist-info' | Select-Object -First 1
    $version, $build = ($found.Name -replace '^torch-|\.dist-info$', '') -split '\+', 2
    if ($build -like 'cu*') { return "$version for NVIDIA cards ($build)" }
    if ($build -eq 'xpu') { return "$version for Intel cards" }
    return "$version for the processor"
}

function Install-Plugins {
    $install = @('install')
    if ($Autostart) { $install += '--autostart' }
    Invoke-Program $Flyaway $install
    if ($LASTEXITCODE -ne 0) { Say 'No plugin was installed. With Krita or GIMP 3 there, and started once, run `flyaway install`.' }
    Invoke-Program $Flyaway @('daemon', 'autostart', 'status') -Quiet
    if ($LASTEXITCODE -eq 0) { Invoke-Program $Flyaway @('daemon', 'autostart', 'on') -Quiet }
}

function Add-ToPath {
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    if (($path -split ';') -notcontains $Bin) {
        [Environment]::SetEnvironmentVariable('Path', ((@($path -split ';') + $Bin | Where-Object { $_ }) -join ';'), 'User')
    }
}

# --- taking out ------------------------------------------------------------------------------------

function Uninstall-All {
    $mark = Join-Path $App 'removing'
    if (-not (Test-Path $mark)) {
        if (Test-Runs) {
            $models = & $Flyaway models path
            if (Test-Path $models) { Say "Downloaded models stay in $models" }
            Invoke-Program $Flyaway @('daemon', 'autostart', 'off')
            Invoke-Program $Flyaway @('daemon', 'stop')
            if ($LASTEXITCODE -ne 0) { throw 'The daemon could not be stopped (above). Mend that, then run this again.' }
            Invoke-Program $Flyaway @('uninstall')
            if ($LASTEXITCODE -ne 0) { throw 'Some plugins could not be removed (above). Mend that, then run this again.' }
            New-Item -ItemType File -Force $mark | Out-Null
        } elseif (Test-Path (Join-Path $FlyawayHome 'launch.json')) {
            throw 'Flyaway does not run here any more, and only it can take its plugins out. Install it once more, then run this again.'
        }
    }
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    $left = @($path -split ';' | Where-Object { $_ -and $_ -ne $Bin })
    [Environment]::SetEnvironmentVariable('Path', ($left -join ';'), 'User')
    foreach ($name in 'launch.json', 'told.txt', 'connection.json', 'daemon.lock', 'daemon.pid', 'daemon.log', 'daemon.log.1') {
        Remove-Item (Join-Path $FlyawayHome $name) -ErrorAction SilentlyContinue
    }
    if (Test-Path $App) {
        # The mark goes last, so that what is interrupted goes on.
        Get-ChildItem $App | Where-Object { $_.Name -ne 'removing' } | Remove-Item -Recurse -Force
        Remove-Item -Recurse -Force $App
    }
    Say 'Flyaway is removed. Your settings stay where they were.'
}

# --- the beginning ---------------------------------------------------------------------------------

$env:UV_TOOL_DIR = Join-Path $App 'tools'
$env:UV_TOOL_BIN_DIR = $Bin
$env:UV_PYTHON_INSTALL_DIR = Join-Path $App 'python'
$env:UV_CACHE_DIR = Join-Path $App 'cache'
foreach ($name in 'PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV') { Remove-Item "Env:$name" -ErrorAction SilentlyContinue }
$status = 0
try {
    if ($After) { Wait-Process -Id $After -ErrorAction SilentlyContinue }
    if ($Uninstall) { Uninstall-All } else { Install-All }
} catch {
    Say $_.Exception.Message
    $status = 1
}
if ($After) { Read-Host 'Press Enter to close this window' | Out-Null }
# Through `irm ADDRESS | iex` there is no file to end, and `exit` would close the user's terminal.
if ($PSCommandPath) { exit $status }
